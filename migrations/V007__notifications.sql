-- Reaching people whose app is closed: what is queued with each change, who may be sent it when its turn
-- comes, what came of it, and whom to ask next while nobody answers.

-- Time acts too, and is no user.
ALTER TABLE audit_logs ALTER COLUMN actor_user_id DROP NOT NULL;

-- What a user wants to be sent. Without a row: push and SMS, at any hour. Emergencies ask nobody.
CREATE TABLE notification_preferences (
    user_id     uuid PRIMARY KEY REFERENCES users,
    push        boolean NOT NULL DEFAULT true,
    sms         boolean NOT NULL DEFAULT true,
    -- WhatsApp wants a person's consent before the first message.
    whatsapp    boolean NOT NULL DEFAULT false,
    -- On the clock of the user's timezone; from 22:00 until 06:00 crosses midnight.
    quiet_from  time,
    quiet_until time,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT notification_preferences_quiet_check CHECK ((quiet_from IS NULL) = (quiet_until IS NULL))
);

-- Whether a user does not want to be disturbed now.
CREATE FUNCTION is_quiet(p_user uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce((
        SELECT CASE WHEN p.quiet_from <= p.quiet_until THEN c.clock >= p.quiet_from AND c.clock < p.quiet_until
                    ELSE c.clock >= p.quiet_from OR c.clock < p.quiet_until END
          FROM notification_preferences p JOIN users u ON u.id = p.user_id,
               LATERAL (SELECT (clock_timestamp() AT TIME ZONE u.timezone)::time AS clock) c
         WHERE p.user_id = p_user), false)
$$;

-- The texts of SMS and WhatsApp, as they were registered (India: DLT) and approved. `{name}` is a place to fill.
CREATE TABLE message_templates (
    id              uuid PRIMARY KEY DEFAULT uuid_v7(),
    -- What the message is about: `visitor_request`, `invite`.
    kind            text NOT NULL,
    channel         text NOT NULL CHECK (channel IN ('sms', 'whatsapp')),
    language        text NOT NULL DEFAULT 'en',
    body            text NOT NULL,
    -- The DLT registration of an SMS, and the name that WhatsApp knows.
    dlt_template_id text,
    whatsapp_name   text,
    approval        text NOT NULL DEFAULT 'draft' CHECK (approval IN ('draft', 'submitted', 'approved', 'rejected')),
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT message_templates_key UNIQUE (kind, channel, language),
    CONSTRAINT message_templates_id_check CHECK (approval <> 'approved'
        OR CASE channel WHEN 'sms' THEN dlt_template_id IS NOT NULL ELSE whatsapp_name IS NOT NULL END)
);
INSERT INTO message_templates (kind, channel, body) VALUES
    ('visitor_request', 'sms', '{visitor_name} is at the gate of {society_name} for flat {flat_number}. Answer: {link}'),
    ('visitor_request', 'whatsapp', '{visitor_name} is at the gate of {society_name} for flat {flat_number}. Answer: {link}'),
    ('invite', 'sms', '{visitor_name}, you are invited to flat {flat_number}, {society_name}. Code at the gate: {access_code}'),
    ('invite', 'whatsapp', '{visitor_name}, you are invited to flat {flat_number}, {society_name}. Code at the gate: {access_code}');

-- The template that a message needs; none where no approved one is there.
CREATE FUNCTION approved_template(p_kind text, p_channel text) RETURNS message_templates LANGUAGE sql STABLE AS $$
    SELECT t FROM message_templates t
     WHERE t.kind = p_kind AND t.channel = p_channel AND t.approval = 'approved'
     ORDER BY t.language = 'en' DESC, t.created_at LIMIT 1
$$;

-- A row for each device and channel that something is told through.
ALTER TABLE notification_logs
    -- What it tells of: an event's name, or `invite`.
    ADD COLUMN kind       text NOT NULL,
    -- The room whose people are told; none where the message goes to a visitor.
    ADD COLUMN room       text,
    ADD COLUMN device_id  uuid REFERENCES devices ON DELETE SET NULL,
    -- Two rows for one device and cause are impossible.
    ADD COLUMN dedupe_key text NOT NULL,
    ADD COLUMN due_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    ADD COLUMN expires_at timestamptz NOT NULL,
    ADD COLUMN attempts   integer NOT NULL DEFAULT 0,
    -- Why it failed, or is tried again.
    ADD COLUMN reason     text,
    ADD COLUMN sent_at    timestamptz,
    ADD COLUMN opened_at  timestamptz,
    ADD COLUMN failed_at  timestamptz,
    ADD CONSTRAINT notification_logs_dedupe_key UNIQUE (dedupe_key);
CREATE INDEX notification_logs_due_idx ON notification_logs (due_at) WHERE status = 'queued';
CREATE INDEX notification_logs_visitor_idx ON notification_logs (visitor_id, kind) WHERE visitor_id IS NOT NULL;

-- How long a sender has one for himself. Longer than sending may take.
CREATE FUNCTION send_lease() RETURNS interval LANGUAGE sql IMMUTABLE AS $$ SELECT interval '15 seconds' $$;

-- Whose phones an event in a room rings, beside the connections that hear it: residents for what happens
-- to their flat; guards for answers and timeouts; guards and admins for emergencies.
CREATE FUNCTION push_users(p_room text, p_event text) RETURNS uuid[] LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN starts_with(p_room, 'flat:') AND p_event IN (
                 'visitor_request', 'visitor_checkin', 'visitor_checkout', 'visitor_timeout', 'guard_override', 'emergency_updated')
        THEN room_users(p_room)
        WHEN p_event IN ('request_approved', 'visitor_timeout', 'emergency_alert') THEN ARRAY(
            SELECT DISTINCT user_id FROM live_role_assignments
             WHERE scope_id = split_part(p_room, ':', 2)::uuid
               AND role IN ('guard', CASE p_event WHEN 'emergency_alert' THEN 'society_admin' END))
        ELSE '{}' END
$$;

-- Queues the pushes of an event; answers how many. They live as long as they are of use.
CREATE FUNCTION queue_pushes(p_id uuid, p_room text, p_event text, p_data jsonb, p_actor uuid) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_users   uuid[] := array_remove(push_users(p_room, p_event), p_actor);
    v_visitor visitors;
    v_queued  bigint;
BEGIN
    IF v_users = '{}' THEN RETURN 0; END IF;
    SELECT * INTO v_visitor FROM visitors WHERE id = (p_data ->> 'visitor_id')::uuid;
    INSERT INTO notification_logs (user_id, visitor_id, device_id, channel, kind, room, dedupe_key, expires_at, payload)
    SELECT d.user_id, (p_data ->> 'visitor_id')::uuid, d.id, 'push', p_event, p_room, p_id || ':' || d.id,
           coalesce((p_data ->> 'approval_deadline')::timestamptz, clock_timestamp() + interval '1 hour'),
           jsonb_strip_nulls(jsonb_build_object(
               'type', p_event, 'visitor_id', p_data -> 'visitor_id', 'visitor_name', p_data -> 'visitor_name',
               'purpose', coalesce(p_data ->> 'purpose', v_visitor.purpose),
               'flat_id', coalesce(p_data ->> 'flat_id', v_visitor.flat_id::text,
                                   CASE WHEN starts_with(p_room, 'flat:') THEN split_part(p_room, ':', 2) END),
               'flat_number', p_data -> 'flat_number', 'block_name', p_data -> 'block_name',
               'emergency_id', p_data -> 'emergency_id', 'decision', p_data -> 'decision', 'status', p_data -> 'status',
               'screen', CASE WHEN p_event = 'visitor_request' THEN 'visitor_approval'
                              WHEN starts_with(p_event, 'emergency') THEN 'emergencies' ELSE 'visitor_details' END,
               'click_action', 'FLUTTER_NOTIFICATION_CLICK'))
      FROM devices d WHERE d.user_id = ANY (v_users) AND d.is_active AND d.token IS NOT NULL;
    GET DIAGNOSTICS v_queued = ROW_COUNT;
    RETURN v_queued;
END $$;

-- As before, and queues the pushes of the event for everybody concerned but the one who acted.
DROP FUNCTION emit;
CREATE FUNCTION emit(p_room text, p_event text, p_data jsonb, p_actor uuid DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_id   uuid := uuid_v7();
    v_seq  bigint;
    v_turn text;
BEGIN
    INSERT INTO room_sequences AS r (room, seq, pusher, pusher_until)
    VALUES (p_room, 1, v_id, clock_timestamp() + push_lease())
    ON CONFLICT (room) DO UPDATE
       SET seq = r.seq + 1,
           pusher = CASE WHEN r.pushed = r.seq THEN excluded.pusher ELSE r.pusher END,
           pusher_until = CASE WHEN r.pushed = r.seq THEN excluded.pusher_until ELSE r.pusher_until END
    RETURNING r.seq, CASE WHEN r.pusher = v_id THEN 'mine'
                          WHEN r.pusher_until > clock_timestamp() THEN 'theirs'
                          ELSE 'behind' END
      INTO v_seq, v_turn;
    INSERT INTO outbox (id, room, seq, event, data) VALUES (v_id, p_room, v_seq, p_event, p_data);
    RETURN jsonb_build_object('id', v_id, 'room', p_room, 'seq', v_seq, 'event', p_event, 'data', p_data,
                              'turn', v_turn, 'users', room_users(p_room), 'lagging', lagging_in(p_room),
                              'queued', queue_pushes(v_id, p_room, p_event, p_data, p_actor));
END $$;

-- Why a queued message must not be sent now; null where it may. Asked when its turn comes, so whoever moved
-- out, answered, or turned it off since is not rung.
CREATE FUNCTION notification_refusal(n notification_logs) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN n.expires_at <= clock_timestamp() THEN 'expired'
        WHEN n.kind = 'visitor_request' AND v.status <> 'pending' THEN 'answered'
        WHEN n.kind = 'invite' AND v.status NOT IN ('pending', 'accepted') THEN 'answered'
        WHEN n.channel <> 'push' AND approved_template(n.kind, n.channel) IS NULL THEN 'template_not_approved'
        WHEN n.user_id IS NULL THEN NULL
        WHEN n.channel = 'push' AND NOT EXISTS (
                 SELECT FROM devices d
                  WHERE d.id = n.device_id AND d.user_id = n.user_id AND d.is_active AND d.token IS NOT NULL) THEN 'device_gone'
        WHEN n.channel <> 'push' AND u.phone IS NULL THEN 'no_phone'
        WHEN NOT n.user_id = ANY (room_users(n.room)) THEN 'not_entitled'
        WHEN n.kind = 'emergency_alert' THEN NULL
        WHEN NOT CASE n.channel WHEN 'push' THEN coalesce(p.push, true) WHEN 'sms' THEN coalesce(p.sms, true)
                                ELSE coalesce(p.whatsapp, false) END THEN 'turned_off'
        WHEN is_quiet(n.user_id) THEN 'quiet_hours' END
      FROM (SELECT) one
      LEFT JOIN visitors v ON v.id = n.visitor_id
      LEFT JOIN users u ON u.id = n.user_id
      LEFT JOIN notification_preferences p ON p.user_id = n.user_id
$$;

-- Messages whose turn has come; each is the caller's for the length of a lease. What stands in `address`
-- and in the texts is read now. `refusal` says why one is not to be sent.
CREATE FUNCTION claim_notifications(p_limit integer) RETURNS SETOF jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    claimed notification_logs;
BEGIN
    FOR claimed IN
        SELECT * FROM notification_logs WHERE status = 'queued' AND due_at <= clock_timestamp()
         ORDER BY due_at LIMIT p_limit FOR UPDATE SKIP LOCKED
    LOOP
        UPDATE notification_logs n SET attempts = n.attempts + 1, due_at = clock_timestamp() + send_lease()
         WHERE n.id = claimed.id RETURNING n.* INTO claimed;
        RETURN NEXT (
            SELECT jsonb_build_object(
                       'id', claimed.id, 'attempt', claimed.attempts, 'channel', claimed.channel, 'kind', claimed.kind,
                       'payload', claimed.payload, 'user_id', claimed.user_id,
                       'expires_seconds', extract(epoch FROM claimed.expires_at - clock_timestamp()),
                       'refusal', notification_refusal(claimed),
                       'address', CASE WHEN claimed.channel = 'push' THEN d.token
                                       WHEN claimed.user_id IS NULL THEN v.phone ELSE u.phone END,
                       'template', CASE WHEN claimed.channel <> 'push'
                                        THEN to_jsonb(approved_template(claimed.kind, claimed.channel)) END,
                       'visitor', CASE WHEN claimed.channel <> 'push' THEN jsonb_build_object(
                           'id', v.id, 'flat_id', v.flat_id, 'deadline', extract(epoch FROM v.approval_deadline)::bigint,
                           'visitor_name', v.visitor_name, 'access_code', v.access_code,
                           'flat_number', pl.flat_number, 'society_name', pl.society_name) END)
              FROM (SELECT) one
              LEFT JOIN devices d ON d.id = claimed.device_id
              LEFT JOIN users u ON u.id = claimed.user_id
              LEFT JOIN visitors v ON v.id = claimed.visitor_id
              LEFT JOIN places pl ON pl.flat_id = v.flat_id);
    END LOOP;
END $$;

-- How far the question about a visitor has come to the phones of the flat. What was not sent because
-- somebody had answered, failed nobody.
CREATE FUNCTION delivery_of(p_visitor uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
    WITH devices AS (
        SELECT bool_or(sent_at IS NOT NULL OR delivered_at IS NOT NULL) AS sent, bool_or(delivered_at IS NOT NULL) AS delivered,
               bool_or(opened_at IS NOT NULL) AS opened, bool_and(status = 'failed' AND reason <> 'answered') AS unreachable
          FROM notification_logs
         WHERE visitor_id = p_visitor AND kind = 'visitor_request' AND channel = 'push'
         GROUP BY coalesce(device_id, id))
    SELECT jsonb_build_object(
               'devices', count(*), 'sent', count(*) FILTER (WHERE sent), 'delivered', count(*) FILTER (WHERE delivered),
               'opened', count(*) FILTER (WHERE opened), 'unreachable', count(*) FILTER (WHERE unreachable AND NOT sent))
      FROM devices
$$;

-- Tells a society's guards how far the questions about some visitors have come; answers the events.
-- Societies in order, so that no two statements wait for each other.
CREATE FUNCTION tell_delivery(p_visitors uuid[]) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v        visitors;
    v_events jsonb := '[]';
BEGIN
    FOR v IN SELECT * FROM visitors WHERE id = ANY (p_visitors) ORDER BY society_id, id LOOP
        v_events := v_events || emit('society:' || v.society_id, 'delivery_updated',
            jsonb_build_object('visitor_id', v.id, 'delivery', delivery_of(v.id)));
    END LOOP;
    RETURN v_events;
END $$;

-- Notes what came of sending: [{id, attempt, outcome, reason, retry_seconds, address}], where `outcome` is sent,
-- failed, gone (the device is no more) or retry. A row that another sender has taken since is left to him.
-- Answers the events that tell guards of it.
CREATE FUNCTION settle_notifications(p_outcomes jsonb) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_visitors uuid[];
BEGIN
    WITH outcome AS (
        SELECT * FROM jsonb_to_recordset(p_outcomes)
                      AS o (id uuid, attempt integer, outcome text, reason text, retry_seconds float8, address text)
    ), mine AS MATERIALIZED (
        SELECT n.id, n.device_id, o.address,
               CASE WHEN o.outcome <> 'retry' THEN o.outcome
                    WHEN n.expires_at <= clock_timestamp() + make_interval(secs => o.retry_seconds) THEN 'failed'
                    ELSE 'retry' END AS outcome, o.reason, o.retry_seconds
          FROM outcome o JOIN notification_logs n ON n.id = o.id AND n.attempts = o.attempt
         ORDER BY n.id FOR UPDATE OF n
    ), dead AS (
        -- A new token that came in between is not dead.
        UPDATE devices d SET is_active = false, updated_at = now()
          FROM mine m WHERE m.outcome = 'gone' AND d.id = m.device_id AND d.token = m.address
    ), noted AS (
        UPDATE notification_logs n
           SET status = CASE WHEN n.status <> 'queued' THEN n.status
                             WHEN m.outcome = 'sent' THEN 'sent' WHEN m.outcome = 'retry' THEN 'queued' ELSE 'failed' END,
               sent_at = CASE WHEN m.outcome = 'sent' THEN coalesce(n.sent_at, clock_timestamp()) ELSE n.sent_at END,
               failed_at = CASE WHEN m.outcome IN ('failed', 'gone') THEN clock_timestamp() END,
               reason = m.reason,
               due_at = CASE WHEN m.outcome = 'retry' THEN clock_timestamp() + make_interval(secs => m.retry_seconds) ELSE n.due_at END
          FROM mine m WHERE n.id = m.id
        RETURNING n.visitor_id, n.kind = 'visitor_request' AND n.channel = 'push' AND m.outcome <> 'retry' AS concerns_guards
    )
    SELECT array_agg(DISTINCT visitor_id) INTO v_visitors FROM noted WHERE concerns_guards;
    RETURN tell_delivery(v_visitors);
END $$;

-- What a phone says of a message it was sent: it came, or it was opened. A phone says so once or often; what is
-- answered is where the message stands, and the events that tell guards where that is news.
CREATE FUNCTION note_receipt(p_notification uuid, p_opened boolean) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    before notification_logs;
    noted  notification_logs;
BEGIN
    SELECT * INTO before FROM notification_logs WHERE id = p_notification FOR UPDATE;
    UPDATE notification_logs n
       SET delivered_at = coalesce(n.delivered_at, clock_timestamp()),
           opened_at = CASE WHEN p_opened THEN coalesce(n.opened_at, clock_timestamp()) ELSE n.opened_at END,
           status = CASE WHEN p_opened OR n.status = 'opened' THEN 'opened' ELSE 'delivered' END,
           failed_at = NULL, reason = NULL
     WHERE n.id = p_notification RETURNING n.* INTO noted;
    RETURN CASE WHEN noted.status <> before.status AND noted.kind = 'visitor_request' AND noted.channel = 'push'
                THEN tell_delivery(ARRAY[noted.visitor_id]) ELSE '[]' END;
END $$;

-- Whom to ask, and how, while nobody answers: after so many seconds, through a channel, the primary resident
-- or all. A society without steps of its own has those without a society.
CREATE TABLE escalation_steps (
    society_id    uuid REFERENCES societies,
    position      integer NOT NULL CHECK (position BETWEEN 1 AND 20),
    after_seconds integer NOT NULL CHECK (after_seconds BETWEEN 1 AND 86400),
    channel       text NOT NULL CHECK (channel IN ('push', 'sms', 'whatsapp')),
    audience      text NOT NULL CHECK (audience IN ('primary', 'all')),
    CONSTRAINT escalation_steps_key UNIQUE NULLS NOT DISTINCT (society_id, position)
);
INSERT INTO escalation_steps (position, after_seconds, channel, audience) VALUES
    (1, 60, 'push', 'all'), (2, 120, 'sms', 'primary'), (3, 120, 'whatsapp', 'primary');

-- The steps of one visitor, each with its time; whoever takes one notes that in the row.
CREATE TABLE visitor_escalations (
    visitor_id uuid NOT NULL REFERENCES visitors,
    position   integer NOT NULL,
    channel    text NOT NULL,
    audience   text NOT NULL,
    due_at     timestamptz NOT NULL,
    done_at    timestamptz,
    PRIMARY KEY (visitor_id, position)
);
CREATE INDEX visitor_escalations_due_idx ON visitor_escalations (due_at) WHERE done_at IS NULL;
CREATE INDEX visitors_deadline_idx ON visitors (approval_deadline) WHERE status = 'pending' AND NOT guest_pass;

-- The steps that a visitor will need; none of them comes after his deadline.
CREATE FUNCTION plan_escalation(p_visitor uuid, p_society uuid, p_start timestamptz, p_deadline timestamptz)
RETURNS SETOF visitor_escalations LANGUAGE plpgsql STABLE ROWS 3 AS $$
BEGIN
    RETURN QUERY
    SELECT p_visitor, s.position, s.channel, s.audience, p_start + make_interval(secs => s.after_seconds), NULL::timestamptz
      FROM escalation_steps s
     WHERE s.society_id IS NOT DISTINCT FROM (SELECT society_id FROM escalation_steps WHERE society_id = p_society LIMIT 1)
       AND p_start + make_interval(secs => s.after_seconds) < p_deadline;
END $$;

-- It answers one row. By default a thousand are expected, and a statement that goes on with them looks so costly that
-- the server compiles it, which takes seconds.
ALTER FUNCTION claim_key ROWS 1;

-- Takes the steps that are due: each is noted as done together with the messages it asks for, or without any where
-- the visitor is answered. Answers the number of messages.
CREATE FUNCTION take_escalation_steps(p_limit integer) RETURNS bigint LANGUAGE sql VOLATILE AS $$
    WITH due AS MATERIALIZED (
        SELECT visitor_id, position FROM visitor_escalations
         WHERE done_at IS NULL AND due_at <= clock_timestamp() ORDER BY due_at LIMIT p_limit FOR UPDATE SKIP LOCKED
    ), done AS (
        UPDATE visitor_escalations e SET done_at = clock_timestamp()
          FROM due d WHERE e.visitor_id = d.visitor_id AND e.position = d.position
        RETURNING e.*
    ), reached AS (
        SELECT e.position, e.channel, v.id AS visitor_id, v.flat_id, v.visitor_name, v.purpose, v.approval_deadline, r.user_id
          FROM done e JOIN visitors v ON v.id = e.visitor_id AND v.status = 'pending',
               LATERAL (SELECT o.user_id FROM flat_occupancies o
                         WHERE o.flat_id = v.flat_id AND o.end_date IS NULL
                         ORDER BY o.is_primary DESC, o.start_date, o.id
                         LIMIT CASE e.audience WHEN 'primary' THEN 1 END) r
    ), queued AS (
        INSERT INTO notification_logs (user_id, visitor_id, device_id, channel, kind, room, dedupe_key, expires_at, payload)
        SELECT r.user_id, r.visitor_id, d.id, r.channel, 'visitor_request', 'flat:' || r.flat_id,
               format('step:%s:%s:%s', r.visitor_id, r.position, coalesce(d.id, r.user_id)), r.approval_deadline,
               jsonb_build_object('type', 'visitor_request', 'visitor_id', r.visitor_id, 'visitor_name', r.visitor_name,
                                  'purpose', r.purpose, 'flat_id', r.flat_id, 'screen', 'visitor_approval',
                                  'click_action', 'FLUTTER_NOTIFICATION_CLICK')
          FROM reached r
          LEFT JOIN devices d ON r.channel = 'push' AND d.user_id = r.user_id AND d.is_active AND d.token IS NOT NULL
         WHERE r.channel <> 'push' OR d.id IS NOT NULL
        ON CONFLICT (dedupe_key) DO NOTHING
        RETURNING id
    )
    SELECT count(*) FROM queued
$$;

-- Denies a visitor whom nobody answered in time, and tells both sides; answers the events. Nothing happens where
-- an answer came first, and never to a pass.
CREATE FUNCTION time_out_visitor(p_visitor uuid) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
    WITH changed AS (
        UPDATE visitors v SET status = 'denied', decided_by = 'timeout', updated_at = now()
         WHERE v.id = p_visitor AND v.status = 'pending' AND NOT v.guest_pass AND v.approval_deadline <= clock_timestamp()
        RETURNING v.id, v.society_id, v.flat_id, v.visitor_name, v.status
    ), audited AS (
        INSERT INTO audit_logs (action, resource_type, resource_id, society_id)
        SELECT 'visitor.time_out', 'visitor', id, society_id FROM changed
    )
    SELECT jsonb_build_array(emit('flat:' || flat_id, 'visitor_timeout', data),
                             emit('society:' || society_id, 'visitor_timeout', data))
      FROM (SELECT c.flat_id, c.society_id, jsonb_build_object(
                       'visitor_id', c.id, 'visitor_name', c.visitor_name, 'flat_number', p.flat_number,
                       'block_name', p.block_name, 'status', c.status, 'reason', 'timeout') AS data
              FROM changed c JOIN places p ON p.flat_id = c.flat_id) e
$$;

-- The next visitor whose time is over, as time_out_visitor answers; null where there is none. One at a time, so that no
-- room is held while another is waited for.
CREATE FUNCTION time_out_next() RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_visitor uuid;
BEGIN
    SELECT id INTO v_visitor FROM visitors
     WHERE status = 'pending' AND NOT guest_pass AND approval_deadline <= clock_timestamp()
     ORDER BY approval_deadline LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN RETURN NULL; END IF;
    RETURN time_out_visitor(v_visitor);
END $$;

-- Who waits for what falls due next: one watcher at a time, the others only do what is due.
CREATE TABLE watch (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    watcher uuid NOT NULL,
    until   timestamptz NOT NULL
);
INSERT INTO watch (watcher, until) VALUES (gen_random_uuid(), '-infinity');

-- Seconds that a watcher, who has so many left, has to wait for the next deadline or step of somebody who waits; null
-- where nothing falls due in that time, or another watcher waits for it.
CREATE FUNCTION seconds_to_wait(p_watcher uuid, p_left float8) RETURNS float8 LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_due timestamptz := least(
        (SELECT min(approval_deadline) FROM visitors WHERE status = 'pending' AND NOT guest_pass),
        (SELECT e.due_at FROM visitor_escalations e
          WHERE e.done_at IS NULL AND EXISTS (SELECT FROM visitors v WHERE v.id = e.visitor_id AND v.status = 'pending')
          ORDER BY e.due_at LIMIT 1));
BEGIN
    IF v_due IS NULL OR v_due >= clock_timestamp() + make_interval(secs => p_left) THEN
        UPDATE watch SET until = '-infinity' WHERE watcher = p_watcher;
        RETURN NULL;
    END IF;
    UPDATE watch SET watcher = p_watcher, until = clock_timestamp() + make_interval(secs => p_left)
     WHERE watcher = p_watcher OR until <= clock_timestamp();
    IF NOT FOUND THEN RETURN NULL; END IF;
    RETURN extract(epoch FROM greatest(v_due, clock_timestamp()) - clock_timestamp());
END $$;
