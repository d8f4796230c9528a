-- An admin ends or renews a guard's post. Its role counts only while it is active, and tokens of before are of no use.
-- Answered as shared::write reads it.
CREATE OR REPLACE FUNCTION set_guard_active(
    p_user uuid, p_request text, p_method text, p_path text, p_key text, p_payload bytea,
    p_guard uuid, p_active boolean
) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    target   record;
    v_answer jsonb;
    claim    record;
BEGIN
    SELECT * INTO target FROM guard_to_change(p_user, p_guard);
    IF target.refusal IS NOT NULL THEN RETURN target.refusal; END IF;
    SELECT * INTO claim FROM claim_key(p_user, p_method, p_path, p_key, p_payload, guard_shown(p_guard));
    v_answer := claim.answer;
    IF claim.fresh THEN
        IF (target.post).active <> p_active THEN
            UPDATE guards SET active = p_active WHERE id = p_guard;
            IF NOT p_active THEN PERFORM end_sign_ins((target.post).user_id); END IF;
            INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
            VALUES (p_user, CASE WHEN p_active THEN 'guard.activate' ELSE 'guard.deactivate' END, 'guard', p_guard,
                    (target.post).society_id, p_request, jsonb_build_object('user_id', (target.post).user_id));
        END IF;
        v_answer := guard_shown(p_guard);
        PERFORM keep_answer(p_user, p_method, p_path, p_key, v_answer);
    END IF;
    RETURN outcome(true, claim.mismatch, claim.fresh, v_answer);
END $$;
