-- What waits is apart from what is kept: a small queue of messages to phones, and their history by months.

-- All of what is changed below, in the order in which writers come to it.
LOCK TABLE users, societies, visitors, visitor_escalations, room_sequences, outbox, devices, notification_logs, delivery_tellings,
    audit_starts IN ACCESS EXCLUSIVE MODE;

-- Messages that are still to be sent, or are under way. A row leaves for `notifications` when it is known what came of it.
-- Nothing here has a foreign key: whom a message concerns is asked when its turn comes, and a device or a user is found by
-- their own key.
CREATE TABLE deliveries (
    id           uuid PRIMARY KEY DEFAULT uuid_v7(),
    -- The event that it tells of, which its payload is made from; none where it has its own.
    event_id     uuid,
    payload      jsonb,
    -- The user told; none where the message goes to a visitor, who has no account.
    user_id      uuid,
    visitor_id   uuid,
    -- In whose name it waits: of the same flat, not of the neighbours.
    society_id   uuid,
    flat_id      uuid,
    device_id    uuid,
    channel      text NOT NULL,
    -- An event's name, or `invite`.
    kind         text NOT NULL,
    -- The room whose people are told; none where the message goes to a visitor.
    room         text,
    -- Which of the three queues it waits in.
    turn         text NOT NULL DEFAULT 'fresh',
    created_at   timestamptz NOT NULL DEFAULT now(),
    due_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Until then it is a sender's. In no index, so that taking a message writes none.
    leased_until timestamptz,
    expires_at   timestamptz NOT NULL,
    attempts     integer NOT NULL DEFAULT 0,
    -- Why it is tried again.
    reason       text,
    request_id   text,
    trace_id     text,
    CONSTRAINT deliveries_channel_check CHECK (channel IN ('push', 'sms', 'whatsapp')),
    CONSTRAINT deliveries_turn_check CHECK (turn IN ('urgent', 'fresh', 'again')),
    CONSTRAINT deliveries_recipient_check CHECK (user_id IS NOT NULL OR visitor_id IS NOT NULL)
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500,
        autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 5000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 5000);
CREATE INDEX deliveries_urgent_idx ON deliveries (due_at) WHERE turn = 'urgent';
CREATE INDEX deliveries_again_idx ON deliveries (due_at) WHERE turn = 'again';
-- Hashes, so that a random number lies before any of them as often as before any other.
CREATE INDEX deliveries_turn_idx ON deliveries ((coalesce(uuid_hash(society_id), 0)), (coalesce(uuid_hash(flat_id), 0)), due_at)
    WHERE turn = 'fresh';
CREATE INDEX deliveries_visitor_idx ON deliveries (visitor_id) WHERE visitor_id IS NOT NULL;
CREATE INDEX deliveries_user_idx ON deliveries (user_id) WHERE user_id IS NOT NULL;
GRANT SELECT, INSERT, DELETE ON deliveries TO society360_functions;
GRANT UPDATE (turn, due_at, leased_until, attempts, reason) ON deliveries TO society360_functions;

-- What became of each message. By months of the id, which begins with the time it was queued at: who has the id knows the
-- month. What goes, goes by the month.
CREATE TABLE notifications (
    id           uuid NOT NULL PRIMARY KEY,
    user_id      uuid,
    visitor_id   uuid,
    channel      text NOT NULL,
    payload      jsonb NOT NULL DEFAULT '{}',
    status       text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    delivered_at timestamptz,
    kind         text NOT NULL,
    room         text,
    device_id    uuid,
    expires_at   timestamptz NOT NULL,
    attempts     integer NOT NULL DEFAULT 0,
    -- Why it failed.
    reason       text,
    sent_at      timestamptz,
    opened_at    timestamptz,
    failed_at    timestamptz,
    society_id   uuid,
    flat_id      uuid,
    request_id   text,
    trace_id     text
) PARTITION BY RANGE (id);
CREATE INDEX notifications_user_idx ON notifications (user_id, created_at DESC);
CREATE INDEX notifications_visitor_idx ON notifications (visitor_id, kind) WHERE visitor_id IS NOT NULL;
CREATE TABLE notifications_default PARTITION OF notifications DEFAULT;
GRANT SELECT, INSERT ON notifications TO society360_functions;
GRANT UPDATE (status, reason, sent_at, delivered_at, opened_at, failed_at) ON notifications TO society360_functions;

-- Until the next month begins, what there is already takes what comes (V026); no month begins within a day from now.
-- Of what was sent nobody asks whether its device is there still, and noting it locks no user and no visitor.
ALTER TABLE notification_logs
    DROP CONSTRAINT notification_logs_device_id_fkey,
    DROP CONSTRAINT notification_logs_user_id_fkey,
    DROP CONSTRAINT notification_logs_visitor_id_fkey;
DO $$
DECLARE
    month timestamp := date_trunc('month', now() AT TIME ZONE 'UTC' + interval '1 day') + interval '1 month';
BEGIN
    EXECUTE format('ALTER TABLE notification_logs ADD CONSTRAINT notification_logs_month_check CHECK (id < %L) NOT VALID',
                   uuid_v7_at(month AT TIME ZONE 'UTC'));
    FOR ahead IN 0..2 LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF notifications FOR VALUES FROM (%L) TO (%L)',
                       month_partition('notifications', month::date), uuid_v7_at(month AT TIME ZONE 'UTC'),
                       uuid_v7_at((month + interval '1 month') AT TIME ZONE 'UTC'));
        month := month + interval '1 month';
    END LOOP;
END $$;

-- News for guards that were put off are told one society at a time.
ALTER TABLE delivery_tellings ADD COLUMN society_id uuid;

-- An event says itself how long it is kept: what its society had decided when it happened. A room knows the hours, so that
-- writing an event asks nobody; who changes the policy changes the rooms (`keep_event_hours`).
ALTER TABLE room_sequences ADD COLUMN event_hours integer NOT NULL DEFAULT 72;
ALTER TABLE outbox ADD COLUMN expires_at timestamptz NOT NULL DEFAULT now() + interval '72 hours';
WITH rooms AS (
    SELECT 'society:' || society_id AS room, (value #>> '{}')::integer AS hours FROM policies WHERE name = 'event_retention_hours'
    UNION ALL
    SELECT 'flat:' || l.flat_id, (p.value #>> '{}')::integer FROM policies p JOIN places l USING (society_id)
     WHERE p.name = 'event_retention_hours'
), known AS (
    UPDATE room_sequences s SET event_hours = r.hours FROM rooms r WHERE s.room = r.room
)
UPDATE outbox o SET expires_at = o.created_at + make_interval(hours => r.hours) FROM rooms r WHERE o.room = r.room;
CREATE INDEX outbox_expiry_idx ON outbox (expires_at);
DROP INDEX outbox_age_idx;
GRANT UPDATE (event_hours) ON room_sequences TO society360_functions;

-- Where a chain begins, and before which time its rows went; which those are is found by their time.
ALTER TABLE audit_starts ADD COLUMN before timestamptz;
CREATE INDEX audit_chain_age_idx ON audit_chain USING brin (created_at) WITH (pages_per_range = 32);

-- A time zone that the server does not know makes every statement fail that asks what time it is there. The expression
-- fails for such a one.
DO $$
DECLARE
    zone text;
BEGIN
    FOR zone IN SELECT timezone FROM users UNION SELECT timezone FROM societies LOOP
        BEGIN
            PERFORM now() AT TIME ZONE zone;
        EXCEPTION WHEN invalid_parameter_value THEN
            UPDATE users SET timezone = DEFAULT WHERE timezone = zone;
            UPDATE societies SET timezone = DEFAULT WHERE timezone = zone;
        END;
    END LOOP;
END $$;
ALTER TABLE users ADD CONSTRAINT users_timezone_check
    CHECK ((timestamptz '2000-01-01 00:00Z' AT TIME ZONE timezone) IS NOT NULL) NOT VALID;
ALTER TABLE societies ADD CONSTRAINT societies_timezone_check
    CHECK ((timestamptz '2000-01-01 00:00Z' AT TIME ZONE timezone) IS NOT NULL) NOT VALID;

-- Tables whose rows come and go are cleaned by a number of dead rows, not by a share of a table that once was large; and
-- rows that change find room in their page.
ALTER TABLE room_sequences SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 10000);
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 20000);
ALTER TABLE request_counts SET (fillfactor = 60, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 20000);
ALTER TABLE idempotency_keys SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 20000);
ALTER TABLE delivery_tellings SET (fillfactor = 60, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 5000);
ALTER TABLE visitor_escalations SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 10000);
ALTER TABLE lagging_connections SET (fillfactor = 60, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 5000);
ALTER TABLE watch SET (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 1000);
ALTER TABLE audit_heads SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 10000);
