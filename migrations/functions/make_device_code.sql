-- An admin asks for a code that registers one phone at a gate within a quarter of an hour; p_code is its digest. Answered as
-- shared::write reads it, without the code.
CREATE OR REPLACE FUNCTION make_device_code(
    p_user uuid, p_request text, p_method text, p_path text, p_key text, p_payload bytea,
    p_id uuid, p_gate uuid, p_code bytea
) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_access text;
    g        gates;
    claim    record;
BEGIN
    SELECT * INTO g FROM gates x WHERE x.id = p_gate;
    v_access := CASE WHEN FOUND THEN admin_access(p_user, g.society_id) END;
    IF coalesce(v_access, 'not_found') = 'not_found' THEN RETURN 'null'; END IF;
    IF v_access = 'forbidden' THEN RETURN outcome(false, false, false, NULL); END IF;
    SELECT * INTO claim FROM claim_key(p_user, p_method, p_path, p_key, p_payload, jsonb_build_object(
        'id', p_id, 'gate_id', g.id, 'gate_name', g.name, 'expires_at', now() + interval '15 minutes'));
    IF claim.fresh THEN
        INSERT INTO gate_device_codes (id, gate_id, code_sha256, created_by, expires_at)
        VALUES (p_id, p_gate, p_code, p_user, now() + interval '15 minutes');
        INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
        VALUES (p_user, 'gate.device_code', 'gate', p_gate, g.society_id, p_request, jsonb_build_object('code_id', p_id));
    END IF;
    RETURN outcome(true, claim.mismatch, claim.fresh, claim.answer);
END $$;
