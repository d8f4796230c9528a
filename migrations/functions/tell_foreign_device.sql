-- Tells the admins of a guard that somebody tried to sign in as them on a phone of no gate: once in six hours for a phone, and
-- ten times a day for a society, so that nobody can make them stop listening. Answers the events.
CREATE OR REPLACE FUNCTION tell_foreign_device(p_device bytea, p_guard_code text, p_phone text, p_request text, p_trace text)
RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_guard  record;
    v_events jsonb := '[]';
BEGIN
    FOR v_guard IN SELECT g.id, g.society_id, g.user_id, g.guard_code, u.name FROM guards g JOIN users u ON u.id = g.user_id
                    WHERE (g.guard_code = p_guard_code OR g.phone = p_phone) AND g.active
                    ORDER BY g.society_id, g.id LIMIT 3 LOOP
        CONTINUE WHEN count_try('foreign-phone:' || v_guard.society_id || ':' || encode(p_device, 'hex'), 1, interval '6 hours') > 0
                   OR count_try('foreign-phones:' || v_guard.society_id, 10, interval '1 day') > 0;
        INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
        VALUES (v_guard.user_id, 'guard.foreign_device', 'guard', v_guard.id, v_guard.society_id, p_request, '{}');
        v_events := v_events || emit('society:' || v_guard.society_id, 'foreign_device', jsonb_build_object(
            'guard_id', v_guard.id, 'guard_name', v_guard.name, 'guard_code', v_guard.guard_code, 'timestamp', rfc3339(now())),
            NULL, p_request, p_trace);
    END LOOP;
    RETURN v_events;
END $$;
