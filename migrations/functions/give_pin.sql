-- An admin gives a guard a PIN to begin with, whose hash this is; what was signed in with the former one ends. Answered as
-- shared::write reads it, without the PIN.
CREATE OR REPLACE FUNCTION give_pin(
    p_user uuid, p_request text, p_method text, p_path text, p_key text, p_payload bytea,
    p_guard uuid, p_hash text
) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    target   record;
    v_answer jsonb;
    claim    record;
BEGIN
    SELECT * INTO target FROM guard_to_change(p_user, p_guard);
    IF target.refusal IS NOT NULL THEN RETURN target.refusal; END IF;
    IF NOT is_made_by_us((target.post).user_id) THEN
        RETURN outcome(true, false, false, NULL, '{"code": "not_allowed", "because": "own_account", "status": "own_account"}');
    END IF;
    SELECT * INTO claim FROM claim_key(p_user, p_method, p_path, p_key, p_payload, guard_shown(p_guard));
    v_answer := claim.answer;
    IF claim.fresh THEN
        INSERT INTO guard_pins AS p (guard_id, hash, must_change) VALUES (p_guard, p_hash, true)
        ON CONFLICT (guard_id) DO UPDATE SET hash = excluded.hash, must_change = true, set_at = now();
        UPDATE request_counts SET hits = 0 WHERE counted = 'pin-guard:' || p_guard;
        PERFORM end_sign_ins((target.post).user_id);
        INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
        VALUES (p_user, 'guard.give_pin', 'guard', p_guard, (target.post).society_id, p_request, '{}');
        v_answer := guard_shown(p_guard);
        PERFORM keep_answer(p_user, p_method, p_path, p_key, v_answer);
    END IF;
    RETURN outcome(true, claim.mismatch, claim.fresh, v_answer);
END $$;
