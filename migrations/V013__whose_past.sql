-- A resident's past begins when they moved in; who lives somewhere is asked of live roles alone; numbers belong to whom they
-- were verified for last, and those of residents are masked for guards.

ALTER TABLE policies DROP CONSTRAINT policies_value_check;
ALTER TABLE policies ADD CONSTRAINT policies_value_check CHECK (CASE name
    WHEN 'acceptance_valid_hours' THEN value BETWEEN '1' AND '720'
    WHEN 'approval_timeout_seconds' THEN value BETWEEN '10' AND '86400'
    -- A visitor's request is open for a day at most, and kept as long as it is.
    WHEN 'event_retention_hours' THEN value BETWEEN '24' AND '720'
    WHEN 'guards_see_resident_phones' THEN value IN ('true', 'false')
    WHEN 'guest_pass_max_days' THEN value BETWEEN '1' AND '365'
    WHEN 'guest_pass_max_days_ahead' THEN value BETWEEN '1' AND '365'
    WHEN 'guest_pass_default_hours' THEN value BETWEEN '1' AND '8760'
    WHEN 'resident_auto_approve' THEN value IN ('true', 'false')
    -- No shorter than events, which name visitors too.
    WHEN 'visitor_retention_days' THEN value BETWEEN '30' AND '1095'
    ELSE false END);

-- As before, and since when a resident lives there: since both were there, the occupancy that is open and its role. Whoever
-- moved out and in again, or whose role was given back, begins anew.
CREATE OR REPLACE VIEW live_role_assignments AS
SELECT r.user_id, r.role, r.scope_type, r.scope_id, r.created_at,
       CASE r.role WHEN 'resident' THEN greatest(r.created_at, (
            SELECT o.created_at FROM flat_occupancies o
             WHERE o.user_id = r.user_id AND o.flat_id = r.scope_id AND o.end_date IS NULL)) END AS since
  FROM role_assignments r
 WHERE r.revoked_at IS NULL
   AND CASE r.role
       WHEN 'guard' THEN EXISTS (SELECT FROM guards g
            WHERE g.user_id = r.user_id AND g.society_id = r.scope_id AND g.active)
       WHEN 'resident' THEN EXISTS (SELECT FROM flat_occupancies o
            WHERE o.user_id = r.user_id AND o.flat_id = r.scope_id AND o.end_date IS NULL)
       ELSE true END;

-- Who lives in a flat: an occupancy counts only with its role.
CREATE VIEW live_occupancies AS
SELECT o.id, o.flat_id, o.user_id, o.role, o.is_primary, o.start_date, l.since
  FROM flat_occupancies o
  JOIN live_role_assignments l ON l.user_id = o.user_id AND l.role = 'resident' AND l.scope_id = o.flat_id
 WHERE o.end_date IS NULL;

-- Since when the user lives in each of `flats`, in their order.
ALTER TYPE scope ADD ATTRIBUTE flats_since timestamptz[];

CREATE OR REPLACE FUNCTION caller_scope(p_user uuid) RETURNS scope LANGUAGE plpgsql STABLE AS $$
DECLARE
    me scope;
BEGIN
    SELECT coalesce(bool_or(role = 'super_admin'), false),
           coalesce(array_agg(scope_id) FILTER (WHERE role = 'guard'), '{}'),
           coalesce(array_agg(scope_id) FILTER (WHERE role = 'society_admin'), '{}'),
           coalesce(array_agg(scope_id) FILTER (WHERE role = 'block_admin'), '{}'),
           coalesce(array_agg(scope_id ORDER BY scope_id) FILTER (WHERE role = 'resident'), '{}'),
           '{}'::uuid[],
           coalesce(array_agg(since ORDER BY scope_id) FILTER (WHERE role = 'resident'), '{}')
      INTO me FROM live_role_assignments WHERE user_id = p_user;
    me.part_of := ARRAY(
        SELECT unnest(me.guard_of || me.admin_of)
        UNION SELECT c.society_id FROM blocks b JOIN complexes c ON c.id = b.complex_id WHERE b.id = ANY (me.blocks)
        UNION SELECT p.society_id FROM places p WHERE p.flat_id = ANY (me.flats));
    RETURN me;
END $$;

-- Since when the caller lives in a flat; null where they do not.
CREATE FUNCTION lives_since(me scope, p_flat uuid) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT me.flats_since[array_position(me.flats, p_flat)]
$$;

-- Whether a visitor is one of the caller's home. What was over when they moved in is not theirs; but whoever waits at the
-- gate or is inside is at their door now, whoever lived there when it began.
CREATE FUNCTION is_own(me scope, v visitors) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(CASE WHEN v.status = 'checked_in' OR v.status = 'pending' AND NOT v.guest_pass THEN 'infinity'
                         -- Clearing the list is nothing that happens to a visitor.
                         WHEN v.hidden_at IS NULL THEN v.updated_at ELSE v.created_at END
                    >= lives_since(me, v.flat_id), false)
$$;

-- As list_scopes, with what is older than the caller may know: residents see what came since they moved in, staff see all.
-- It is one bound of each range, so that a range stays one.
CREATE FUNCTION list_ranges(me scope, p_flat uuid) RETURNS TABLE (kind text, id uuid, timezone text, since timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT 'society', s.id, s.timezone, '-infinity'::timestamptz FROM societies s
     WHERE p_flat IS NULL AND (me.super_admin OR s.id = ANY (me.guard_of || me.admin_of))
    UNION ALL
    SELECT 'block', b.id, s.timezone, '-infinity'
      FROM blocks b JOIN complexes c ON c.id = b.complex_id JOIN societies s ON s.id = c.society_id
     WHERE p_flat IS NULL AND b.id = ANY (me.blocks)
    UNION ALL
    SELECT 'flat', p.flat_id, p.timezone, lives_since(me, p.flat_id) FROM places p
     WHERE p_flat IS NULL AND p.flat_id = ANY (me.flats)
    UNION ALL
    SELECT 'flat', p.flat_id, p.timezone,
           CASE WHEN is_staff(me, p.society_id, p.block_id) THEN '-infinity' ELSE lives_since(me, p.flat_id) END FROM places p
     WHERE p.flat_id = p_flat AND (p.flat_id = ANY (me.flats) OR is_staff(me, p.society_id, p.block_id))
$$;

-- A number of which the country and the last four digits can be read.
CREATE FUNCTION masked_phone(p_phone text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    country text := substring(p_phone FROM '^\+(?:1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|(?:2[1-689]|3[578]|42|5[09]|6[7-9]|8[0357-9]|9[679])[0-9])');
BEGIN
    RETURN country || regexp_replace(substr(p_phone, length(country) + 1), '.(?=.{4})', '·', 'g');
END $$;

-- A resident's number as the guards of their society are told it.
CREATE FUNCTION gate_phone(p_society uuid, p_phone text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN policy_switch(p_society, 'guards_see_resident_phones', false) THEN p_phone ELSE masked_phone(p_phone) END
$$;

-- The number of a flat's resident as a caller is told it: whoever lives there and admins read it.
CREATE FUNCTION shown_phone(me scope, p_society uuid, p_block uuid, p_flat uuid, p_phone text) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN me.super_admin OR p_society = ANY (me.admin_of) OR p_block = ANY (me.blocks) OR p_flat = ANY (me.flats)
                THEN p_phone ELSE gate_phone(p_society, p_phone) END
$$;

-- A flat as a caller is told of it, with the resident to ask for: the primary one, else the next who has a name.
CREATE FUNCTION flat_details(p_flat uuid, me scope) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT jsonb_build_object(
                   'flat_id', p.flat_id, 'flat_number', p.flat_number, 'block_id', p.block_id, 'block_name', p.block_name,
                   'complex_id', p.complex_id, 'complex_name', p.complex_name,
                   'society_id', p.society_id, 'society_name', p.society_name, 'resident_user_id', r.id,
                   'resident_name', CASE WHEN r.id IS NOT NULL THEN coalesce(r.name, 'Resident of ' || p.flat_number) END,
                   'resident_phone', shown_phone(me, p.society_id, p.block_id, p.flat_id, r.phone))
          FROM places p
          LEFT JOIN LATERAL (
               SELECT u.id, u.name, u.phone FROM live_occupancies o JOIN users u ON u.id = o.user_id
                WHERE o.flat_id = p.flat_id
                ORDER BY u.name IS NULL, o.is_primary DESC, o.start_date, o.id LIMIT 1) r ON true
         WHERE p.flat_id = p_flat);
END $$;
-- The release before tells it to whoever asks.
CREATE OR REPLACE FUNCTION flat_details(p_flat uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN flat_details(p_flat, (true, '{}', '{}', '{}', '{}', '{}', '{}')::scope);
END $$;

-- A pass as a guard sees it: `visit_id` is the open visit, as in lists, so a pass that was used is not somebody inside.
CREATE FUNCTION scanned_pass(v visitors, me scope) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN listed_visitor(v) || jsonb_build_object(
               'auto_approved', v.auto_approved, 'qr_code', v.qr_code, 'access_code', v.access_code,
               'invited_by_phone', shown_phone(me, v.society_id, v.block_id, v.flat_id,
                                               (SELECT phone FROM users WHERE users.id = v.invited_by)),
               'checkin_time', v.checkin_time, 'checkout_time', v.checkout_time);
END $$;

-- Events that were told before are told again to whoever comes back.
UPDATE outbox SET data = data || jsonb_build_object('reported_by_phone', masked_phone(data ->> 'reported_by_phone'))
 WHERE event = 'emergency_alert' AND data ->> 'reported_by_phone' IS NOT NULL;

CREATE OR REPLACE FUNCTION room_users(p_room text) RETURNS uuid[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF starts_with(p_room, 'flat:') THEN
        RETURN ARRAY(SELECT user_id FROM live_role_assignments
                      WHERE scope_id = split_part(p_room, ':', 2)::uuid AND role = 'resident');
    END IF;
    RETURN ARRAY(
        SELECT user_id FROM live_role_assignments
         WHERE scope_id = split_part(p_room, ':', 2)::uuid AND role IN ('guard', 'society_admin')
        UNION
        SELECT user_id FROM live_role_assignments WHERE role = 'super_admin' AND scope_id IS NULL);
END $$;

-- As before; and where somebody has come to live there since the first of the events, the batch ends before theirs, and they
-- are named, so that what waited for its push is told only to those who lived there when it happened.
CREATE OR REPLACE FUNCTION push_batch(p_room text) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_held  room_sequences;
    v_first timestamptz;
    v_next  timestamptz;
BEGIN
    SELECT * INTO v_held FROM room_sequences WHERE room = p_room;
    IF starts_with(p_room, 'flat:') THEN
        SELECT created_at INTO v_first FROM outbox WHERE room = p_room AND seq > v_held.pushed ORDER BY seq LIMIT 1;
        SELECT min(since) INTO v_next FROM live_occupancies
         WHERE flat_id = split_part(p_room, ':', 2)::uuid AND since > v_first;
    END IF;
    RETURN jsonb_build_object(
               'room', p_room, 'pusher', v_held.pusher, 'users', room_users(p_room), 'lagging', lagging_in(p_room),
               'newcomers', coalesce((
                   SELECT jsonb_agg(user_id) FROM live_occupancies
                    WHERE v_next IS NOT NULL AND flat_id = split_part(p_room, ':', 2)::uuid AND since >= v_next), '[]'),
               'events', coalesce((
                   SELECT jsonb_agg(event_frame(o) ORDER BY o.seq)
                     FROM (SELECT * FROM outbox WHERE outbox.room = p_room AND outbox.seq > v_held.pushed
                              AND outbox.seq < coalesce((
                                  SELECT min(l.seq) FROM outbox l
                                   WHERE l.room = p_room AND l.seq > v_held.pushed AND l.created_at >= v_next), 9223372036854775807)
                            ORDER BY outbox.seq LIMIT 100) o), '[]'));
END $$;

-- As before, and residents for whoever comes to live with them.
CREATE OR REPLACE FUNCTION push_users(p_room text, p_event text) RETURNS uuid[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF starts_with(p_room, 'flat:') AND p_event IN (
           'visitor_request', 'visitor_checkin', 'visitor_checkout', 'visitor_timeout', 'guard_override', 'emergency_updated',
           'resident_joined') THEN
        RETURN room_users(p_room);
    ELSIF p_event IN ('request_approved', 'visitor_timeout', 'emergency_alert') THEN
        RETURN ARRAY(
            SELECT DISTINCT user_id FROM live_role_assignments
             WHERE scope_id = split_part(p_room, ':', 2)::uuid
               AND role IN ('guard', CASE p_event WHEN 'emergency_alert' THEN 'society_admin' END));
    END IF;
    RETURN '{}';
END $$;

-- As before, of those who live there now; and where a message needs a number, of the first who has one, so that one that
-- moved to somebody else leaves nobody unasked.
CREATE OR REPLACE FUNCTION take_escalation_steps(p_limit integer) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_queued bigint;
BEGIN
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
               LATERAL (SELECT o.user_id FROM live_occupancies o JOIN users u ON u.id = o.user_id
                         WHERE o.flat_id = v.flat_id
                         ORDER BY e.channel <> 'push' AND u.phone IS NULL, o.is_primary DESC, o.start_date, o.id
                         LIMIT CASE e.audience WHEN 'primary' THEN 1 END) r
    ), queued AS (
        INSERT INTO notification_logs (user_id, visitor_id, device_id, channel, kind, room, dedupe_key, expires_at, payload)
        SELECT r.user_id, r.visitor_id, d.id, r.channel, 'visitor_request', 'flat:' || r.flat_id,
               format('step:%s:%s:%s', r.visitor_id, r.position, coalesce(d.id, r.user_id)), r.approval_deadline,
               jsonb_build_object('type', 'visitor_request', 'visitor_id', r.visitor_id, 'visitor_name', r.visitor_name,
                                  'purpose', r.purpose, 'flat_id', r.flat_id, 'screen', 'visitor_approvals',
                                  'click_action', 'FLUTTER_NOTIFICATION_CLICK')
          FROM reached r
          LEFT JOIN devices d ON r.channel = 'push' AND d.user_id = r.user_id AND d.is_active AND d.token IS NOT NULL
         WHERE r.channel <> 'push' OR d.id IS NOT NULL
        ON CONFLICT (dedupe_key) DO NOTHING
        RETURNING id
    )
    SELECT count(*) INTO v_queued FROM queued;
    RETURN v_queued;
END $$;

-- Holds a flat until the transaction ends, for whoever lets somebody in. The row of its room stands for it: who comes to
-- live there is told to the room, which locks it anyway. The user's row comes before it, here and everywhere.
CREATE FUNCTION hold_flat(p_flat uuid) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    INSERT INTO room_sequences (room, seq) VALUES ('flat:' || p_flat, 0) ON CONFLICT DO NOTHING;
    PERFORM FROM room_sequences WHERE room = 'flat:' || p_flat FOR UPDATE;
END $$;

-- Whether nobody lives in a flat, and nobody else is just let in.
CREATE FUNCTION is_vacant(p_flat uuid) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM hold_flat(p_flat);
    RETURN NOT EXISTS (SELECT FROM live_occupancies WHERE flat_id = p_flat);
END $$;

-- As before, with the flat held, so that nobody is let in who was told that it is vacant and finds somebody there.
CREATE OR REPLACE FUNCTION open_occupancy(p_user uuid, p_flat uuid, p_role text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM FROM users WHERE id = p_user FOR NO KEY UPDATE;
    PERFORM hold_flat(p_flat);
    INSERT INTO flat_occupancies (flat_id, user_id, role, is_primary)
    VALUES (p_flat, p_user, p_role, NOT EXISTS (SELECT FROM live_occupancies WHERE user_id = p_user AND is_primary))
    ON CONFLICT (user_id, flat_id) WHERE end_date IS NULL DO NOTHING;
    -- An occupancy that was open while its role had been revoked gets the role back.
    INSERT INTO role_assignments (user_id, role, scope_type, scope_id) VALUES (p_user, 'resident', 'flat', p_flat);
END $$;

-- Tells a flat's room, and the phones of those who lived there before, who has come to live with them.
CREATE FUNCTION tell_resident_joined(p_user uuid, p_flat uuid, p_role text, p_approved_by text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN (
        SELECT emit('flat:' || p.flat_id, 'resident_joined', jsonb_build_object(
                   'flat_id', p.flat_id, 'flat_number', p.flat_number, 'block_name', p.block_name, 'user_id', u.id,
                   'resident_name', u.name, 'occupancy_role', p_role, 'approved_by', p_approved_by,
                   'timestamp', rfc3339(now())), p_user)
          FROM places p, users u WHERE p.flat_id = p_flat AND u.id = p_user);
END $$;

-- When the token was made that brought the number; null where the release before wrote it. It goes with the number.
ALTER TABLE users ADD COLUMN phone_verified_at timestamptz;
-- A number has one user. No constraint says so, since the release before lets two have it.
UPDATE users u SET phone = NULL, updated_at = now()
 WHERE EXISTS (SELECT FROM users o WHERE o.phone = u.phone AND (o.created_at, o.id) > (u.created_at, u.id));
CREATE INDEX users_phone_idx ON users (phone) WHERE phone IS NOT NULL;

-- Notes what a new token says of its user. A number that is new with them leaves whoever had it, and the newer token wins: an
-- app may hold one with its former number for an hour. Numbers that come with each token ask nobody.
CREATE FUNCTION refresh_user(p_user uuid, p_phone text, p_email text, p_issued_at timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    known users;
BEGIN
    SELECT * INTO known FROM users WHERE id = p_user;
    IF p_phone IS NOT NULL AND p_phone IS DISTINCT FROM known.phone THEN
        -- In the order of their ids, so that two who swap their numbers do not wait for each other.
        PERFORM FROM users WHERE id = p_user OR phone = p_phone ORDER BY id FOR NO KEY UPDATE;
        IF NOT EXISTS (SELECT FROM users WHERE phone = p_phone AND id <> p_user AND phone_verified_at > p_issued_at) THEN
            WITH former AS (
                UPDATE users SET phone = NULL, phone_verified_at = NULL, updated_at = now()
                 WHERE phone = p_phone AND id <> p_user
                RETURNING id
            )
            INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, details)
            SELECT p_user, 'phone.move', 'user', p_user, jsonb_build_object('moved_from', id) FROM former;
            UPDATE users SET phone = p_phone, phone_verified_at = p_issued_at, updated_at = now() WHERE id = p_user;
        END IF;
    END IF;
    IF p_email IS NOT NULL AND p_email IS DISTINCT FROM known.email THEN
        UPDATE users SET email = p_email, updated_at = now() WHERE id = p_user;
    END IF;
END $$;
