-- Ends a gate's phone: the guards who signed in there are signed out, everywhere, since their tokens may be on it.
CREATE OR REPLACE FUNCTION end_gate_device(p_device uuid, p_by uuid) RETURNS gate_devices LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    d       gate_devices;
    v_guard record;
BEGIN
    UPDATE gate_devices x SET revoked_at = now(), revoked_by = p_by WHERE x.id = p_device AND x.revoked_at IS NULL RETURNING x.* INTO d;
    IF NOT FOUND THEN RETURN NULL; END IF;
    FOR v_guard IN SELECT g.user_id FROM guard_sign_ins s JOIN guards g ON g.id = s.guard_id
                    WHERE s.device_id = p_device ORDER BY g.user_id LOOP
        PERFORM end_sign_ins(v_guard.user_id);
    END LOOP;
    RETURN d;
END $$;
