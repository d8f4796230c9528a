-- Functions that read a table are planned at every call where they are SQL, and keep their plans in PL/pgSQL. These are as
-- before, in PL/pgSQL; what is left in SQL is put into the statement that calls it. A test holds all of them to that.

CREATE OR REPLACE FUNCTION live_roles(p_user uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce(jsonb_agg(jsonb_build_object('role', role, 'scope_type', scope_type, 'scope_id', scope_id)
                                  ORDER BY role, created_at, scope_id), '[]')
          FROM live_role_assignments WHERE user_id = p_user);
END $$;

CREATE OR REPLACE FUNCTION home_of(p_user uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT jsonb_build_object(
            'flats', coalesce((
                SELECT jsonb_agg(jsonb_build_object(
                           'id', o.id, 'occupancy_id', o.id, 'occupancy_role', o.role, 'is_primary', o.is_primary,
                           'start_date', o.start_date, 'flat_id', p.flat_id, 'flat_number', p.flat_number,
                           'unit_type', f.unit_type, 'bhk', f.bhk, 'block_id', p.block_id, 'block_name', p.block_name,
                           'complex_id', p.complex_id, 'complex_name', p.complex_name, 'society_id', p.society_id,
                           'society_name', p.society_name, 'city', p.city, 'address', p.address)
                       ORDER BY o.is_primary DESC, o.start_date, o.id)
                  FROM flat_occupancies o
                  JOIN live_role_assignments l ON l.user_id = o.user_id AND l.role = 'resident' AND l.scope_id = o.flat_id
                  JOIN places p ON p.flat_id = o.flat_id
                  JOIN flats f ON f.id = o.flat_id
                 WHERE o.user_id = p_user AND o.end_date IS NULL), '[]'),
            'guard', (
                SELECT jsonb_build_object(
                           'id', g.id, 'guard_id', g.id, 'active', g.active, 'society_id', s.id, 'society_name', s.name,
                           'city', s.city, 'block_id', g.block_id, 'assigned_block_name', b.name)
                  FROM guards g
                  JOIN live_role_assignments l ON l.user_id = g.user_id AND l.role = 'guard' AND l.scope_id = g.society_id
                  JOIN societies s ON s.id = g.society_id
                  LEFT JOIN blocks b ON b.id = g.block_id
                 WHERE g.user_id = p_user AND g.active
                 ORDER BY g.created_at, g.id
                 LIMIT 1)));
END $$;

CREATE OR REPLACE FUNCTION policy_number(p_society uuid, p_name text, p_default integer) RETURNS integer LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce((SELECT (value #>> '{}')::integer FROM policies WHERE society_id = p_society AND name = p_name), p_default));
END $$;

CREATE OR REPLACE FUNCTION policy_switch(p_society uuid, p_name text, p_default boolean) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce((SELECT (value #>> '{}')::boolean FROM policies WHERE society_id = p_society AND name = p_name), p_default));
END $$;

CREATE OR REPLACE FUNCTION flat_access(me scope, p_flat uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce((
            SELECT CASE WHEN p.flat_id = ANY (me.flats) OR is_staff(me, p.society_id, p.block_id)
                        THEN 'ok' ELSE 'forbidden' END
              FROM places p WHERE p.flat_id = p_flat AND has_part(me, p.society_id)), 'not_found'));
END $$;

CREATE OR REPLACE FUNCTION emergency_answer(e emergencies) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT to_jsonb(e) || jsonb_build_object('flat_number', f.flat_number, 'block_name', b.name)
          FROM flats f JOIN blocks b ON b.id = f.block_id WHERE f.id = e.flat_id);
END $$;

CREATE OR REPLACE FUNCTION lagging_in(p_room text) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT ARRAY(SELECT connection_id FROM lagging_connections WHERE room = p_room));
END $$;

CREATE OR REPLACE FUNCTION lagging_batch(l lagging_connections) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN (
        SELECT jsonb_build_object(
                   'room', l.room, 'connection_id', l.connection_id, 'connected_at', l.connected_at, 'since', l.since,
                   'attempts', l.attempts, 'users', room_users(l.room),
                   'events', coalesce((
                       SELECT jsonb_agg(event_frame(o) ORDER BY o.seq)
                         FROM (SELECT * FROM outbox WHERE outbox.room = l.room AND outbox.seq > l.since
                                ORDER BY outbox.seq LIMIT 100) o), '[]')));
END $$;

CREATE OR REPLACE FUNCTION room_society(p_room text) RETURNS uuid LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT CASE WHEN starts_with(p_room, 'society:') THEN split_part(p_room, ':', 2)::uuid
                    ELSE (SELECT society_id FROM places WHERE flat_id = split_part(p_room, ':', 2)::uuid) END);
END $$;

CREATE OR REPLACE FUNCTION is_quiet(p_user uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce((
            SELECT CASE WHEN p.quiet_from <= p.quiet_until THEN c.clock >= p.quiet_from AND c.clock < p.quiet_until
                        ELSE c.clock >= p.quiet_from OR c.clock < p.quiet_until END
              FROM notification_preferences p JOIN users u ON u.id = p.user_id,
                   LATERAL (SELECT (clock_timestamp() AT TIME ZONE u.timezone)::time AS clock) c
             WHERE p.user_id = p_user), false));
END $$;

CREATE OR REPLACE FUNCTION approved_template(p_kind text, p_channel text) RETURNS message_templates LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT t FROM message_templates t
         WHERE t.kind = p_kind AND t.channel = p_channel AND t.approval = 'approved'
         ORDER BY t.language = 'en' DESC, t.created_at LIMIT 1);
END $$;

CREATE OR REPLACE FUNCTION notification_refusal(n notification_logs) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT CASE
            WHEN n.expires_at <= clock_timestamp() THEN 'expired'
            WHEN n.kind = 'visitor_request' AND v.status <> 'pending' THEN 'answered'
            WHEN n.kind = 'invite' AND v.status NOT IN ('pending', 'accepted') THEN 'answered'
            WHEN n.channel <> 'push' AND approved_template(n.kind, n.channel) IS NULL THEN 'template_not_approved'
            WHEN n.user_id IS NULL THEN CASE WHEN n.channel = 'whatsapp' AND NOT takes_whatsapp(v.phone) THEN 'turned_off' END
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
          LEFT JOIN notification_preferences p ON p.user_id = n.user_id);
END $$;

CREATE OR REPLACE FUNCTION delivery_of(p_visitor uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        WITH devices AS (
            SELECT bool_or(sent_at IS NOT NULL OR delivered_at IS NOT NULL) AS sent, bool_or(delivered_at IS NOT NULL) AS delivered,
                   bool_or(opened_at IS NOT NULL) AS opened, bool_and(status = 'failed' AND reason <> 'answered') AS unreachable
              FROM notification_logs
             WHERE visitor_id = p_visitor AND kind = 'visitor_request' AND channel = 'push'
             GROUP BY coalesce(device_id, id))
        SELECT jsonb_build_object(
                   'devices', count(*), 'sent', count(*) FILTER (WHERE sent), 'delivered', count(*) FILTER (WHERE delivered),
                   'opened', count(*) FILTER (WHERE opened), 'unreachable', count(*) FILTER (WHERE unreachable AND NOT sent))
          FROM devices);
END $$;

CREATE OR REPLACE FUNCTION count_guess(p_user uuid, p_found boolean, p_window interval)
RETURNS TABLE (misses integer, reset_seconds bigint) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    INSERT INTO pass_guesses AS g (user_id, window_start, misses)
    VALUES (p_user, now(), CASE WHEN p_found THEN 0 ELSE 1 END)
    ON CONFLICT (user_id) DO UPDATE
       SET misses = CASE WHEN g.window_start > now() - p_window THEN g.misses ELSE 0 END + excluded.misses,
           window_start = CASE WHEN g.window_start > now() - p_window THEN g.window_start ELSE now() END
    RETURNING g.misses, greatest(1, ceil(extract(epoch FROM g.window_start + p_window - now())))::bigint;
END $$;

CREATE OR REPLACE FUNCTION time_out_visitor(p_visitor uuid) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_events jsonb;
BEGIN
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
      INTO v_events
      FROM (SELECT c.flat_id, c.society_id, jsonb_build_object(
                       'visitor_id', c.id, 'visitor_name', c.visitor_name, 'flat_number', p.flat_number,
                       'block_name', p.block_name, 'status', c.status, 'reason', 'timeout') AS data
              FROM changed c JOIN places p ON p.flat_id = c.flat_id) e;
    RETURN v_events;
END $$;

CREATE OR REPLACE FUNCTION month_partition(p_table text, p_day date) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN (
        SELECT format('%s_%s_%s', p_table, lpad(extract(year FROM p_day)::text, 4, '0'), lpad(extract(month FROM p_day)::text, 2, '0')));
END $$;

CREATE OR REPLACE FUNCTION missing_partitions() RETURNS TABLE (table_name text, day date) LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH months AS (
        SELECT t.name, (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead))::date AS month
          FROM (VALUES ('visits'), ('audit_logs')) AS t (name), generate_series(0, 3) AS ahead
        UNION
        SELECT 'visits', date_trunc('month', checkin_time AT TIME ZONE 'UTC')::date FROM visits_default
        UNION
        SELECT 'audit_logs', date_trunc('month', created_at AT TIME ZONE 'UTC')::date FROM audit_logs_default
    )
    SELECT name, month FROM months
     WHERE to_regclass(month_partition(name, month)) IS NULL
     ORDER BY month, name;
END $$;

CREATE OR REPLACE FUNCTION strip_visitors(p_rows integer) RETURNS bigint LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (
        SELECT count(*) FROM (
            SELECT strip_visitor(v) FROM societies s, LATERAL (
                SELECT * FROM visitors
                 WHERE society_id = s.id AND stripped_at IS NULL AND status <> 'checked_in'
                   AND greatest(created_at, expected_start, expected_end, checkout_time)
                       < now() - make_interval(days => policy_number(s.id, 'visitor_retention_days', 180))
                 LIMIT p_rows
                   FOR NO KEY UPDATE SKIP LOCKED) v
             LIMIT p_rows) stripped);
END $$;

CREATE OR REPLACE FUNCTION uuid_v7_at(p_time timestamptz) RETURNS uuid LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (
        SELECT (lpad(to_hex(floor(extract(epoch FROM p_time) * 1000)::bigint), 12, '0') || '7000' || '8000000000000000')::uuid);
END $$;

-- The release before tells it to whoever asks.
CREATE OR REPLACE FUNCTION scanned_pass(v visitors) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN scanned_pass(v, (true, '{}', '{}', '{}', '{}', '{}', '{}')::scope);
END $$;
