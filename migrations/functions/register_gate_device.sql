-- Registers a phone at the gate whose code it shows, once; the former place of the phone ends. p_device and p_code are digests.
-- Answers null where the code is none, or was used, or is older than a quarter of an hour.
CREATE OR REPLACE FUNCTION register_gate_device(p_device bytea, p_code bytea, p_request text) RETURNS gate_devices LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_code gate_device_codes;
    v_gate gates;
    d      gate_devices;
BEGIN
    UPDATE gate_device_codes c SET used_at = now()
      FROM gates t
     WHERE c.code_sha256 = p_code AND c.used_at IS NULL AND c.expires_at > now() AND t.id = c.gate_id AND t.active
    RETURNING c.* INTO v_code;
    IF NOT FOUND THEN RETURN NULL; END IF;
    SELECT * INTO v_gate FROM gates WHERE id = v_code.gate_id;
    SELECT * INTO d FROM gate_devices WHERE identifier_sha256 = p_device AND revoked_at IS NULL;
    IF FOUND THEN
        IF d.gate_id = v_gate.id THEN RETURN d; END IF;
        PERFORM end_gate_device(d.id, v_code.created_by);
    END IF;
    INSERT INTO gate_devices AS n (society_id, gate_id, identifier_sha256) VALUES (v_gate.society_id, v_gate.id, p_device)
    RETURNING n.* INTO d;
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    VALUES (v_code.created_by, 'gate_device.register', 'gate_device', d.id, d.society_id, p_request,
            jsonb_build_object('gate_id', d.gate_id, 'code_id', v_code.id));
    RETURN d;
END $$;
