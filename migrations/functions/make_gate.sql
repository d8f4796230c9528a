-- An admin makes a gate, answered as shared::write reads it: 'null' where the caller knows no such society.
CREATE OR REPLACE FUNCTION make_gate(
    p_user uuid, p_request text, p_method text, p_path text, p_key text, p_payload bytea,
    p_id uuid, p_society uuid, p_name text
) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_access text := admin_access(p_user, p_society);
    claim    record;
BEGIN
    IF v_access = 'not_found' THEN RETURN 'null'; END IF;
    IF v_access = 'forbidden' THEN RETURN outcome(false, false, false, NULL); END IF;
    SELECT * INTO claim FROM claim_key(p_user, p_method, p_path, p_key, p_payload, jsonb_build_object(
        'id', p_id, 'society_id', p_society, 'name', p_name, 'active', true, 'created_at', now()));
    IF claim.fresh THEN
        INSERT INTO gates (id, society_id, name) VALUES (p_id, p_society, p_name);
        INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
        VALUES (p_user, 'gate.create', 'gate', p_id, p_society, p_request, jsonb_build_object('name', p_name));
    END IF;
    RETURN outcome(true, claim.mismatch, claim.fresh, claim.answer);
END $$;
