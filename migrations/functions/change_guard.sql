-- An admin changes what a guard is called and signs in with; what is null stays. Answered as shared::write reads it.
CREATE OR REPLACE FUNCTION change_guard(
    p_user uuid, p_request text, p_method text, p_path text, p_key text, p_payload bytea,
    p_guard uuid, p_name text, p_phone text, p_code text, p_block uuid
) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    target    record;
    g         guards;
    v_before  jsonb;
    v_problem jsonb;
    v_answer  jsonb;
    claim     record;
BEGIN
    SELECT * INTO target FROM guard_to_change(p_user, p_guard);
    IF target.refusal IS NOT NULL THEN RETURN target.refusal; END IF;
    g := target.post;
    v_problem := coalesce(taken_problem(g.society_id, g.id, p_code, p_phone), block_problem(g.society_id, p_block));
    -- A name that somebody gave themselves is theirs.
    IF p_name IS NOT NULL AND NOT is_made_by_us(g.user_id) THEN
        v_problem := '{"field": "name", "code": "OUT_OF_RANGE", "problem": "is the guard''s own, since they sign in by themselves"}';
    END IF;
    v_before := guard_shown(p_guard);
    SELECT * INTO claim FROM claim_key(p_user, p_method, p_path, p_key, p_payload, CASE WHEN v_problem IS NULL THEN v_before END);
    v_answer := claim.answer;
    IF claim.fresh THEN
        UPDATE guards x
           SET phone = coalesce(p_phone, g.phone), guard_code = coalesce(p_code, g.guard_code), block_id = coalesce(p_block, g.block_id)
         WHERE x.id = p_guard;
        UPDATE users u SET name = p_name, updated_at = now() WHERE u.id = g.user_id AND u.name IS DISTINCT FROM p_name AND p_name IS NOT NULL;
        v_answer := guard_shown(p_guard);
        PERFORM keep_answer(p_user, p_method, p_path, p_key, v_answer);
        IF v_answer <> v_before THEN
            -- What names a person is in their row, where it can be removed; here stands what was changed.
            INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
            VALUES (p_user, 'guard.change', 'guard', p_guard, g.society_id, p_request, jsonb_build_object(
                'changed', (SELECT jsonb_agg(a.key) FROM jsonb_each(v_answer) a WHERE a.value IS DISTINCT FROM v_before -> a.key),
                'before', jsonb_build_object('block_id', g.block_id),
                'after', jsonb_build_object('block_id', coalesce(p_block, g.block_id))));
        END IF;
    END IF;
    RETURN outcome(true, claim.mismatch, claim.fresh, v_answer, jsonb_build_object('code', 'invalid', 'problem', v_problem));
END $$;
