-- An admin renames, closes or opens a gate; what is null stays. Answered as shared::write reads it.
CREATE OR REPLACE FUNCTION change_gate(
    p_user uuid, p_request text, p_method text, p_path text, p_key text, p_payload bytea,
    p_gate uuid, p_name text, p_active boolean
) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_access text;
    g        gates;
    claim    record;
BEGIN
    SELECT admin_access(p_user, x.society_id) INTO v_access FROM gates x WHERE x.id = p_gate;
    IF coalesce(v_access, 'not_found') = 'not_found' THEN RETURN 'null'; END IF;
    IF v_access = 'forbidden' THEN RETURN outcome(false, false, false, NULL); END IF;
    SELECT * INTO g FROM gates x WHERE x.id = p_gate AND alone('gate:' || x.id) FOR NO KEY UPDATE;
    SELECT * INTO claim FROM claim_key(p_user, p_method, p_path, p_key, p_payload, jsonb_build_object(
        'id', g.id, 'society_id', g.society_id, 'name', coalesce(p_name, g.name), 'active', coalesce(p_active, g.active),
        'created_at', g.created_at));
    IF claim.fresh AND (g.name, g.active) IS DISTINCT FROM (coalesce(p_name, g.name), coalesce(p_active, g.active)) THEN
        UPDATE gates x SET name = coalesce(p_name, g.name), active = coalesce(p_active, g.active) WHERE x.id = p_gate;
        INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
        VALUES (p_user, 'gate.change', 'gate', p_gate, g.society_id, p_request, jsonb_build_object(
            'before', jsonb_build_object('name', g.name, 'active', g.active),
            'after', jsonb_build_object('name', coalesce(p_name, g.name), 'active', coalesce(p_active, g.active))));
    END IF;
    RETURN outcome(true, claim.mismatch, claim.fresh, claim.answer);
END $$;
