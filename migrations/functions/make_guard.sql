-- An admin makes a guard: a user of their own, whom only our custom tokens can name, their post, and the hash of a PIN to begin
-- with. Answered as shared::write reads it, without the PIN.
CREATE OR REPLACE FUNCTION make_guard(
    p_user uuid, p_request text, p_method text, p_path text, p_key text, p_payload bytea,
    p_id uuid, p_guard_user uuid, p_society uuid, p_name text, p_phone text, p_code text, p_block uuid, p_hash text
) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_access  text := admin_access(p_user, p_society);
    v_problem jsonb;
    claim     record;
BEGIN
    IF v_access = 'not_found' THEN RETURN 'null'; END IF;
    IF v_access = 'forbidden' THEN RETURN outcome(false, false, false, NULL); END IF;
    v_problem := coalesce(taken_problem(p_society, p_id, p_code, p_phone), block_problem(p_society, p_block));
    SELECT * INTO claim FROM claim_key(p_user, p_method, p_path, p_key, p_payload, CASE WHEN v_problem IS NULL THEN jsonb_build_object(
        'id', p_id, 'user_id', p_guard_user, 'society_id', p_society, 'name', p_name, 'phone', p_phone, 'guard_code', p_code,
        'block_id', p_block, 'active', true, 'has_pin', true, 'must_change_pin', true, 'locked_seconds', 0,
        'last_sign_in_at', NULL, 'on_shift', true, 'created_at', now()) END);
    IF claim.fresh THEN
        INSERT INTO users (id, firebase_uid, name) VALUES (p_guard_user, 'guard:' || p_guard_user, p_name);
        INSERT INTO guards (id, user_id, society_id, block_id, guard_code, phone)
        VALUES (p_id, p_guard_user, p_society, p_block, p_code, p_phone);
        INSERT INTO guard_pins (guard_id, hash, must_change) VALUES (p_id, p_hash, true);
        INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
        VALUES (p_user, 'guard.create', 'guard', p_id, p_society, p_request,
                jsonb_build_object('user_id', p_guard_user, 'block_id', p_block));
    END IF;
    RETURN outcome(true, claim.mismatch, claim.fresh, claim.answer, jsonb_build_object('code', 'invalid', 'problem', v_problem));
END $$;
