-- An admin takes a phone off its gate. Answered as shared::write reads it.
CREATE OR REPLACE FUNCTION revoke_gate_device(
    p_user uuid, p_request text, p_method text, p_path text, p_key text, p_payload bytea,
    p_device uuid
) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_access text;
    d        gate_devices;
    v_ended  gate_devices;
    v_answer jsonb;
    claim    record;
BEGIN
    SELECT admin_access(p_user, x.society_id) INTO v_access FROM gate_devices x WHERE x.id = p_device;
    IF coalesce(v_access, 'not_found') = 'not_found' THEN RETURN 'null'; END IF;
    IF v_access = 'forbidden' THEN RETURN outcome(false, false, false, NULL); END IF;
    SELECT * INTO d FROM gate_devices x WHERE x.id = p_device AND alone('gate_device:' || x.id) FOR NO KEY UPDATE;
    SELECT * INTO claim FROM claim_key(p_user, p_method, p_path, p_key, p_payload, gate_device_shown(d));
    v_answer := claim.answer;
    IF claim.fresh AND d.revoked_at IS NULL THEN
        v_ended := end_gate_device(p_device, p_user);
        INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
        VALUES (p_user, 'gate_device.revoke', 'gate_device', p_device, d.society_id, p_request, jsonb_build_object('gate_id', d.gate_id));
        v_answer := gate_device_shown(v_ended);
        PERFORM keep_answer(p_user, p_method, p_path, p_key, v_answer);
    END IF;
    RETURN outcome(true, claim.mismatch, claim.fresh, v_answer);
END $$;
