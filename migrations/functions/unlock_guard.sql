-- An admin lets a guard try again who typed too many wrong PINs. Answered as shared::write reads it.
CREATE OR REPLACE FUNCTION unlock_guard(
    p_user uuid, p_request text, p_method text, p_path text, p_key text, p_payload bytea,
    p_guard uuid
) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    target   record;
    v_locked boolean;
    v_answer jsonb;
    claim    record;
BEGIN
    SELECT * INTO target FROM guard_to_change(p_user, p_guard);
    IF target.refusal IS NOT NULL THEN RETURN target.refusal; END IF;
    v_locked := guard_lock(p_guard) > 0;
    SELECT * INTO claim FROM claim_key(p_user, p_method, p_path, p_key, p_payload, guard_shown(p_guard));
    v_answer := claim.answer;
    IF claim.fresh THEN
        UPDATE request_counts SET hits = 0 WHERE counted = 'pin-guard:' || p_guard;
        INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
        VALUES (p_user, 'guard.unlock', 'guard', p_guard, (target.post).society_id, p_request, jsonb_build_object('locked', v_locked));
        v_answer := guard_shown(p_guard);
        PERFORM keep_answer(p_user, p_method, p_path, p_key, v_answer);
    END IF;
    RETURN outcome(true, claim.mismatch, claim.fresh, v_answer);
END $$;
