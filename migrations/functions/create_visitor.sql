-- A guard logs a visitor: all that functions/visitors/src/create.sql does, answered as shared::write reads it: 'null' where
-- the caller knows no such flat.
CREATE OR REPLACE FUNCTION create_visitor(
    p_user uuid, p_request text, p_trace text, p_method text, p_path text, p_key text, p_payload bytea, p_id uuid, p_flat uuid,
    p_name text, p_phone text, p_purpose text, p_vehicle text, p_id_type text, p_id_number text, p_invited_by uuid,
    -- An instant, or what the clocks of the society show.
    p_start timestamptz, p_start_clock timestamp, p_end timestamptz, p_end_clock timestamp,
    -- The default of the policy.
    p_timeout_seconds integer
) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v           visitors;
    v_staff     text;
    v_place     places;
    v_starts    timestamptz;
    v_ends      timestamptz;
    v_deadline  timestamptz;
    v_problem   jsonb;
    v_first     timestamptz;
    -- Who lives there, whom to ask for first.
    v_users     uuid[] := '{}';
    v_resident  record;
    v_name      text;
    v_phone     text;
    v_details   jsonb;
    v_answer    jsonb;
    v_fresh     boolean;
    v_mismatch  boolean;
BEGIN
    SELECT * INTO v_place FROM places WHERE flat_id = p_flat AND is_active;
    IF NOT FOUND THEN RETURN 'null'; END IF;
    v_staff := staff_at(p_user, v_place.society_id, v_place.block_id);
    IF v_staff IS NULL THEN
        RETURN CASE WHEN has_part(caller_scope(p_user), v_place.society_id)
                    THEN outcome(false, false, false, NULL) ELSE 'null' END;
    END IF;
    v_starts := coalesce(p_start, now());
    v_ends := p_end;
    IF p_start_clock IS NOT NULL OR p_end_clock IS NOT NULL THEN
        v_starts := coalesce(society_time(p_start, p_start_clock, v_place.timezone), now());
        v_ends := society_time(p_end, p_end_clock, v_place.timezone);
    END IF;
    IF v_ends IS NOT NULL OR v_starts > now() THEN
        v_problem := visit_problem(v_starts, v_ends);
        IF v_problem IS NOT NULL THEN
            RETURN outcome(true, false, false, NULL, jsonb_build_object('code', 'invalid', 'problem', v_problem));
        END IF;
    END IF;
    -- A yes after the end would let nobody in, so time decides then at the latest.
    v_deadline := least(v_ends, now() + make_interval(
        secs => policy_number(v_place.society_id, 'approval_timeout_seconds', p_timeout_seconds)));
    FOR v_resident IN SELECT u.id, u.name, u.phone FROM live_occupancies o JOIN users u ON u.id = o.user_id
                       WHERE o.flat_id = p_flat ORDER BY u.name IS NULL, o.is_primary DESC, o.start_date, o.id LOOP
        IF v_users = '{}' THEN
            v_name := v_resident.name;
            v_phone := v_resident.phone;
        END IF;
        v_users := v_users || v_resident.id;
    END LOOP;
    v_details := flat_shown(v_place, v_users[1], v_name,
        CASE WHEN v_staff = 'admin' OR p_user = ANY (v_users) THEN v_phone
             ELSE gate_phone(v_place.society_id, v_phone) END);
    v.id := p_id;
    v.flat_id := p_flat;
    v.visitor_name := p_name;
    v.phone := p_phone;
    v.purpose := coalesce(p_purpose, 'guest');
    v.vehicle_no := p_vehicle;
    v.id_type := p_id_type;
    v.id_number := p_id_number;
    v.attachment_ids := '{}';
    -- Only a current resident of that very flat can have invited anyone.
    v.invited_by := CASE WHEN p_invited_by = ANY (v_users) THEN p_invited_by END;
    v.expected_start := v_starts;
    v.expected_end := v_ends;
    v.status := 'pending';
    v.auto_approved := false;
    v.number_of_people := 1;
    v.max_entries := 1;
    v.approval_deadline := v_deadline;
    v.idempotency_key := CASE WHEN NOT is_made(p_key) THEN p_key END;
    v.created_at := now();
    v.updated_at := now();
    v_answer := jsonb_build_object('visitor', visitor_answer(v), 'flat_details', v_details);
    IF p_key IS NOT NULL THEN
        SELECT c.fresh, c.mismatch, c.answer INTO v_fresh, v_mismatch, v_answer
          FROM claim_key(p_user, p_method, p_path, p_key, p_payload, v_answer) c;
        IF NOT v_fresh THEN
            -- Whom to ask for there is answered as it is now.
            RETURN outcome(true, v_mismatch, false, v_answer || jsonb_build_object('flat_details', v_details));
        END IF;
    END IF;
    INSERT INTO visitors (id, society_id, block_id, flat_id, visitor_name, phone, purpose, vehicle_no, id_type, id_number,
                          invited_by, expected_start, expected_end, status, approval_deadline, idempotency_key, created_by,
                          created_at, updated_at, request_id, trace_id)
    VALUES (v.id, v_place.society_id, v_place.block_id, v.flat_id, v.visitor_name, v.phone, v.purpose, v.vehicle_no, v.id_type,
            v.id_number, v.invited_by, v.expected_start, v.expected_end, v.status, v.approval_deadline, v.idempotency_key, p_user,
            v.created_at, v.updated_at, p_request, p_trace);
    WITH planned AS (
        INSERT INTO visitor_escalations (visitor_id, position, channel, audience, due_at)
        SELECT p_id, s.position, s.channel, s.audience, now() + make_interval(secs => s.after_seconds)
          FROM escalation_steps s
         WHERE s.society_id IS NOT DISTINCT FROM (SELECT society_id FROM escalation_steps WHERE society_id = v_place.society_id LIMIT 1)
           AND now() + make_interval(secs => s.after_seconds) < v_deadline
        RETURNING due_at
    )
    SELECT min(due_at) INTO v_first FROM planned;
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    VALUES (p_user, 'visitor.create', 'visitor', p_id, v_place.society_id, p_request, jsonb_build_object('flat_id', p_flat));
    RETURN outcome(
        true, false, true, v_answer,
        -- The dispatcher's schedule looks a minute later at the latest.
        p_soon => least(v_deadline, v_first) < now() + interval '60 seconds',
        p_events => jsonb_build_array(emit_to(
            v_users, 'flat:' || p_flat, 'visitor_request', jsonb_build_object(
                'visitor_id', p_id, 'visitor_name', p_name, 'phone', p_phone, 'purpose', v.purpose, 'vehicle_no', p_vehicle,
                'flat_number', v_place.flat_number, 'block_name', v_place.block_name, 'society_name', v_place.society_name,
                'expected_start', rfc3339(v_starts), 'created_at', rfc3339(now()), 'status', 'pending',
                'approval_deadline', rfc3339(v_deadline)), NULL, p_request, p_trace)));
END $$;
