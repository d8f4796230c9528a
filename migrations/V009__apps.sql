-- What the two apps read, send and repeat: a pass that was used, a city, an answer that is given again, the screen that a
-- push opens.

-- A pass as a guard sees it: `visit_id` is the open visit, as in lists, so a pass that was used is not somebody inside.
CREATE OR REPLACE FUNCTION scanned_pass(v visitors) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT listed_visitor(v) || jsonb_build_object(
               'auto_approved', v.auto_approved, 'qr_code', v.qr_code, 'access_code', v.access_code,
               'invited_by_phone', (SELECT phone FROM users WHERE users.id = v.invited_by),
               'checkin_time', v.checkin_time, 'checkout_time', v.checkout_time)
$$;

-- The app makes an id of a city's name, and of the id a name whose words begin with capitals: McLeod Ganj comes as Mcleod Ganj.
CREATE INDEX societies_any_case_idx ON societies (lower(city), name);

-- Whether the last word about a visitor is this one, of this person: then they repeat themselves. It is read anew after
-- the visitor's lock was waited for, so the second of two taps finds what the first one said.
CREATE FUNCTION is_last_word(p_visitor uuid, p_user uuid, p_decided_by text, p_decision text) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN coalesce((
        SELECT (a.user_id, a.decided_by, a.decision) = (p_user, p_decided_by, p_decision)
          -- By id, which is of the moment of writing; `created_at` is of the beginning, before the lock was waited for.
          FROM visitor_approvals a WHERE a.visitor_id = p_visitor ORDER BY a.id DESC LIMIT 1), false);
END $$;

-- How a user's wish for a flat ended, who does not live there: 'rejected' where the last request was, 'ended' where they
-- lived there before; null where neither is known.
CREATE FUNCTION wish_that_ended(p_user uuid, p_flat uuid) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN CASE
        WHEN (SELECT status FROM resident_requests WHERE requesting_user_id = p_user AND flat_id = p_flat
               ORDER BY submitted_at DESC, id DESC LIMIT 1) = 'rejected' THEN 'rejected'
        WHEN EXISTS (SELECT FROM flat_occupancies WHERE user_id = p_user AND flat_id = p_flat) THEN 'ended' END;
END $$;

-- As before, with the screen by the name that the resident's app has for it.
CREATE OR REPLACE FUNCTION queue_pushes(p_id uuid, p_room text, p_event text, p_data jsonb, p_actor uuid) RETURNS bigint
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
               'screen', CASE WHEN p_event = 'visitor_request' THEN 'visitor_approvals'
                              WHEN starts_with(p_event, 'emergency') THEN 'emergencies' ELSE 'visitor_details' END,
               'click_action', 'FLUTTER_NOTIFICATION_CLICK'))
      FROM devices d WHERE d.user_id = ANY (v_users) AND d.is_active AND d.token IS NOT NULL;
    GET DIAGNOSTICS v_queued = ROW_COUNT;
    RETURN v_queued;
END $$;

-- Likewise.
CREATE OR REPLACE FUNCTION take_escalation_steps(p_limit integer) RETURNS bigint LANGUAGE sql VOLATILE AS $$
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
                                  'purpose', r.purpose, 'flat_id', r.flat_id, 'screen', 'visitor_approvals',
                                  'click_action', 'FLUTTER_NOTIFICATION_CLICK')
          FROM reached r
          LEFT JOIN devices d ON r.channel = 'push' AND d.user_id = r.user_id AND d.is_active AND d.token IS NOT NULL
         WHERE r.channel <> 'push' OR d.id IS NOT NULL
        ON CONFLICT (dedupe_key) DO NOTHING
        RETURNING id
    )
    SELECT count(*) FROM queued
$$;
