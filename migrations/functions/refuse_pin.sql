-- Notes a wrong PIN, which was counted before; where it was the last that may be, tells the admins that the guard is locked.
-- Answers for how many seconds they are, and the events. p_name is what was counted, p_device null where the guard was signed in.
CREATE OR REPLACE FUNCTION refuse_pin(p_device uuid, p_name text, p_guard uuid, p_last boolean, p_request text, p_trace text) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_wait    integer := try_wait('pin-guard:' || p_name, 5, interval '15 minutes');
    v_society uuid;
    v_gate    text;
    g         record;
    v_events  jsonb := '[]';
BEGIN
    SELECT d.society_id, t.name INTO v_society, v_gate FROM gate_devices d JOIN gates t ON t.id = d.gate_id WHERE d.id = p_device;
    SELECT x.society_id, x.user_id, x.guard_code, u.name INTO g FROM guards x JOIN users u ON u.id = x.user_id WHERE x.id = p_guard;
    v_society := coalesce(v_society, g.society_id);
    -- A name that nobody has is nobody's failure: it is counted alone.
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT g.user_id, 'guard.wrong_pin', 'guard', p_guard, v_society, p_request, jsonb_build_object('device_id', p_device)
     WHERE p_guard IS NOT NULL;
    IF p_last AND v_wait > 0 AND p_guard IS NOT NULL THEN
        INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
        VALUES (g.user_id, 'guard.lock', 'guard', p_guard, v_society, p_request, jsonb_build_object('device_id', p_device));
        v_events := jsonb_build_array(emit('society:' || v_society, 'guard_locked', jsonb_build_object(
            'guard_id', p_guard, 'guard_name', g.name, 'guard_code', g.guard_code, 'gate_name', v_gate,
            'locked_until', rfc3339(now() + make_interval(secs => v_wait)), 'timestamp', rfc3339(now())), NULL, p_request, p_trace));
    END IF;
    RETURN jsonb_build_object('wait', v_wait, 'events', v_events);
END $$;
