-- What a society has decided otherwise than the defaults; the defaults are in shared::policy. Numbers of jsonb
-- compare as numbers, and never equal another type.
CREATE TABLE policies (
    society_id uuid NOT NULL REFERENCES societies,
    name       text NOT NULL,
    value      jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (society_id, name),
    CONSTRAINT policies_value_check CHECK (CASE name
        WHEN 'approval_timeout_seconds' THEN value BETWEEN '10' AND '86400'
        WHEN 'guest_pass_max_days' THEN value BETWEEN '1' AND '365'
        WHEN 'guest_pass_default_hours' THEN value BETWEEN '1' AND '8760'
        WHEN 'resident_auto_approve' THEN value IN ('true', 'false')
        ELSE false END),
    CONSTRAINT policies_whole_check CHECK (jsonb_typeof(value) <> 'number' OR (value #>> '{}') !~ '[.eE]')
);

CREATE FUNCTION policy_number(p_society uuid, p_name text, p_default integer) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT (value #>> '{}')::integer FROM policies WHERE society_id = p_society AND name = p_name), p_default)
$$;
CREATE FUNCTION policy_switch(p_society uuid, p_name text, p_default boolean) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT (value #>> '{}')::boolean FROM policies WHERE society_id = p_society AND name = p_name), p_default)
$$;

CREATE TABLE visitors (
    id                uuid PRIMARY KEY DEFAULT uuid_v7(),
    -- Society and block of the flat, so that lists by scope have an index; a flat never moves.
    society_id        uuid NOT NULL REFERENCES societies,
    block_id          uuid NOT NULL REFERENCES blocks,
    flat_id           uuid NOT NULL REFERENCES flats,
    visitor_name      text NOT NULL,
    phone             text NOT NULL,
    id_type           text,
    id_number         text,
    attachment_ids    uuid[] NOT NULL DEFAULT '{}',
    vehicle_no        text,
    purpose           text NOT NULL DEFAULT 'guest',
    number_of_people  integer NOT NULL DEFAULT 1 CHECK (number_of_people BETWEEN 1 AND 50),
    invited_by        uuid REFERENCES users,
    expected_start    timestamptz NOT NULL DEFAULT now(),
    expected_end      timestamptz,
    guest_pass        boolean NOT NULL DEFAULT false,
    qr_code           text,
    access_code       text,
    status            text NOT NULL DEFAULT 'pending'
                      CHECK (status IN ('pending', 'accepted', 'denied', 'checked_in', 'checked_out')),
    -- Who the status comes from: a guard may decide after a timeout, never after a resident.
    decided_by        text CHECK (decided_by IN ('resident', 'guard', 'timeout')),
    auto_approved     boolean NOT NULL DEFAULT false,
    approval_deadline timestamptz,
    idempotency_key   text,
    -- The one visit, with its time because visits are partitioned by it.
    visit_id          uuid,
    checkin_time      timestamptz,
    checkout_time     timestamptz,
    -- Set when the guards cleared a denied visitor from their lists.
    hidden_at         timestamptz,
    created_by        uuid NOT NULL REFERENCES users,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT visitors_window_check CHECK (expected_end > expected_start),
    CONSTRAINT visitors_visit_check CHECK ((visit_id IS NULL) = (checkin_time IS NULL)),
    CONSTRAINT visitors_inside_check CHECK ((status IN ('checked_in', 'checked_out')) = (visit_id IS NOT NULL)),
    CONSTRAINT visitors_left_check CHECK ((status = 'checked_out') = (checkout_time IS NOT NULL))
);
-- Lists by scope, newest first: the scope's column comes first, the id breaks ties between equal times.
CREATE INDEX visitors_society_idx ON visitors (society_id, created_at DESC, id DESC);
CREATE INDEX visitors_block_idx ON visitors (block_id, created_at DESC, id DESC);
CREATE INDEX visitors_flat_idx ON visitors (flat_id, created_at DESC, id DESC);
CREATE INDEX visitors_pending_idx ON visitors (flat_id) WHERE status = 'pending' AND NOT guest_pass;
CREATE INDEX visitors_denied_idx ON visitors (society_id) WHERE status = 'denied' AND hidden_at IS NULL;
CREATE UNIQUE INDEX visitors_visit_key ON visitors (visit_id) WHERE visit_id IS NOT NULL;

-- Every answer about a visitor, in order; the visitor's status is the last one that counted.
CREATE TABLE visitor_approvals (
    id         uuid PRIMARY KEY DEFAULT uuid_v7(),
    visitor_id uuid NOT NULL REFERENCES visitors,
    user_id    uuid NOT NULL REFERENCES users,
    decided_by text NOT NULL CHECK (decided_by IN ('resident', 'guard')),
    decision   text NOT NULL CHECK (decision IN ('accept', 'deny')),
    note       text,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX visitor_approvals_visitor_idx ON visitor_approvals (visitor_id, created_at);

CREATE TABLE visits (
    id             uuid NOT NULL DEFAULT uuid_v7(),
    checkin_time   timestamptz NOT NULL DEFAULT now(),
    checkout_time  timestamptz,
    society_id     uuid NOT NULL REFERENCES societies,
    block_id       uuid NOT NULL REFERENCES blocks,
    flat_id        uuid NOT NULL REFERENCES flats,
    visitor_id     uuid NOT NULL REFERENCES visitors,
    guard_id       uuid NOT NULL REFERENCES guards,
    checkout_guard_id uuid REFERENCES guards,
    checkin_method text NOT NULL DEFAULT 'manual',
    notes          text,
    created_at     timestamptz NOT NULL DEFAULT now(),
    -- A partitioned table's key holds the column it is partitioned by.
    PRIMARY KEY (id, checkin_time),
    CONSTRAINT visits_order_check CHECK (checkout_time >= checkin_time)
) PARTITION BY RANGE (checkin_time);
CREATE TABLE visits_default PARTITION OF visits DEFAULT;
CREATE INDEX visits_society_idx ON visits (society_id, checkin_time DESC, id DESC);
CREATE INDEX visits_block_idx ON visits (block_id, checkin_time DESC, id DESC);
CREATE INDEX visits_flat_idx ON visits (flat_id, checkin_time DESC, id DESC);

CREATE TABLE notification_logs (
    id           uuid PRIMARY KEY DEFAULT uuid_v7(),
    -- The user told; none where the message goes to a visitor, who has no account.
    user_id      uuid REFERENCES users,
    visitor_id   uuid REFERENCES visitors,
    channel      text NOT NULL CHECK (channel IN ('push', 'sms', 'whatsapp')),
    payload      jsonb NOT NULL DEFAULT '{}',
    status       text NOT NULL DEFAULT 'queued'
                 CHECK (status IN ('queued', 'sent', 'delivered', 'opened', 'failed')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    delivered_at timestamptz,
    CONSTRAINT notification_logs_recipient_check CHECK (user_id IS NOT NULL OR visitor_id IS NOT NULL)
);
CREATE INDEX notification_logs_user_idx ON notification_logs (user_id, created_at DESC);

-- A visitor as lists show him.
CREATE FUNCTION listed_visitor(v visitors) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
               'id', v.id, 'visitor_name', v.visitor_name, 'phone', v.phone, 'vehicle_no', v.vehicle_no,
               'purpose', v.purpose, 'flat_id', v.flat_id, 'status', v.status, 'expected_start', v.expected_start,
               'expected_end', v.expected_end, 'approval_deadline', v.approval_deadline, 'created_at', v.created_at,
               'invited_by', v.invited_by, 'flat_number', f.flat_number, 'block_name', b.name,
               'complex_name', c.name, 'number_of_people', v.number_of_people,
               'invited_by_name', (SELECT name FROM users WHERE users.id = v.invited_by),
               'visit_id', CASE WHEN v.status = 'checked_in' THEN v.visit_id END)
      FROM flats f JOIN blocks b ON b.id = f.block_id JOIN complexes c ON c.id = b.complex_id
     WHERE f.id = v.flat_id
$$;

-- What a list shows a caller: whole societies and blocks to their staff, flats to their residents;
-- with p_flat that flat alone. A row is one index range to read.
CREATE FUNCTION list_scopes(me scope, p_flat uuid) RETURNS TABLE (kind text, id uuid, timezone text)
LANGUAGE sql STABLE AS $$
    SELECT 'society', s.id, s.timezone FROM societies s
     WHERE p_flat IS NULL AND (me.super_admin OR s.id = ANY (me.guard_of || me.admin_of))
    UNION ALL
    SELECT 'block', b.id, s.timezone
      FROM blocks b JOIN complexes c ON c.id = b.complex_id JOIN societies s ON s.id = c.society_id
     WHERE p_flat IS NULL AND b.id = ANY (me.blocks)
    UNION ALL
    SELECT 'flat', p.flat_id, p.timezone FROM places p
     WHERE p_flat IS NULL AND p.flat_id = ANY (me.flats)
    UNION ALL
    SELECT 'flat', p.flat_id, p.timezone FROM places p
     WHERE p.flat_id = p_flat AND (p.flat_id = ANY (me.flats) OR is_staff(me, p.society_id, p.block_id))
$$;

-- Whether a caller may ask about a flat: 'ok', 'forbidden', or 'not_found' where he has no part in its society.
CREATE FUNCTION flat_access(me scope, p_flat uuid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce((
        SELECT CASE WHEN p.flat_id = ANY (me.flats) OR is_staff(me, p.society_id, p.block_id)
                    THEN 'ok' ELSE 'forbidden' END
          FROM places p WHERE p.flat_id = p_flat AND has_part(me, p.society_id)), 'not_found')
$$;

-- Start of the period a caller asked for: an instant, or a day of the society's own calendar.
CREATE FUNCTION period_start(p_time timestamptz, p_day date, p_timezone text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce(p_time, p_day::timestamp AT TIME ZONE p_timezone, '-infinity')
$$;
-- End of that period, not included; a day is included to its last moment.
CREATE FUNCTION period_end(p_time timestamptz, p_day date, p_timezone text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce(p_time, (p_day + 1)::timestamp AT TIME ZONE p_timezone, 'infinity')
$$;

-- A flat with the resident to call, as answers about visitors carry it.
CREATE FUNCTION flat_details(p_flat uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
               'flat_id', p.flat_id, 'flat_number', p.flat_number, 'block_id', p.block_id, 'block_name', p.block_name,
               'complex_id', p.complex_id, 'complex_name', p.complex_name,
               'society_id', p.society_id, 'society_name', p.society_name,
               'resident_user_id', r.id, 'resident_name', r.name, 'resident_phone', r.phone)
      FROM places p
      LEFT JOIN LATERAL (
           SELECT u.id, u.name, u.phone FROM flat_occupancies o JOIN users u ON u.id = o.user_id
            WHERE o.flat_id = p.flat_id AND o.end_date IS NULL
            ORDER BY o.is_primary DESC, o.start_date, o.id LIMIT 1) r ON true
     WHERE p.flat_id = p_flat
$$;

-- This month and three ahead; later ones are made by a schedule, and the default partition takes what comes before it.
DO $$
BEGIN
    FOR month IN 0..3 LOOP
        PERFORM make_month_partition('visits', 'checkin_time', (CURRENT_DATE + make_interval(months => month))::date);
        PERFORM make_month_partition('audit_logs', 'created_at', (CURRENT_DATE + make_interval(months => month))::date);
    END LOOP;
END $$;
