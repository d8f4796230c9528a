-- An admin says anew where a guard stands. Answered as shared::write reads it.
CREATE OR REPLACE FUNCTION replace_assignments(
    p_user uuid, p_request text, p_method text, p_path text, p_key text, p_payload bytea,
    p_guard uuid, p_list jsonb
) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    target    record;
    v_society uuid;
    v_before  jsonb;
    v_after   jsonb;
    v_problem jsonb;
    v_today   date;
    claim     record;
BEGIN
    SELECT * INTO target FROM guard_to_change(p_user, p_guard);
    IF target.refusal IS NOT NULL THEN RETURN target.refusal; END IF;
    v_society := (target.post).society_id;
    SELECT (now() AT TIME ZONE timezone)::date INTO v_today FROM societies WHERE id = v_society;
    IF EXISTS (SELECT FROM jsonb_to_recordset(p_list) AS a (gate_id uuid, block_id uuid)
                WHERE a.gate_id IS NOT NULL AND NOT EXISTS (SELECT FROM gates t WHERE t.id = a.gate_id AND t.society_id = v_society)
                   OR block_problem(v_society, a.block_id) IS NOT NULL) THEN
        v_problem := '{"field": "assignments", "code": "OUT_OF_RANGE", "problem": "must name gates and blocks of the society"}';
    END IF;
    IF EXISTS (SELECT FROM jsonb_to_recordset(p_list) AS a ("from" date, until date) WHERE a.until < coalesce(a."from", v_today)) THEN
        v_problem := '{"field": "assignments", "code": "OUT_OF_RANGE", "problem": "must not end before they begin"}';
    END IF;
    v_before := assignments_of(p_guard, NULL);
    SELECT * INTO claim FROM claim_key(p_user, p_method, p_path, p_key, p_payload, CASE WHEN v_problem IS NULL THEN v_before END);
    v_after := claim.answer;
    IF claim.fresh THEN
        DELETE FROM guard_assignments WHERE guard_id = p_guard;
        INSERT INTO guard_assignments (guard_id, gate_id, block_id, from_day, until_day)
        SELECT p_guard, a.gate_id, a.block_id, coalesce(a."from", v_today), a.until
          FROM jsonb_to_recordset(p_list) AS a (gate_id uuid, block_id uuid, "from" date, until date);
        v_after := assignments_of(p_guard, NULL);
        PERFORM keep_answer(p_user, p_method, p_path, p_key, v_after);
        INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
        VALUES (p_user, 'guard.assign', 'guard', p_guard, v_society, p_request, jsonb_build_object('before', v_before, 'after', v_after));
    END IF;
    RETURN outcome(true, claim.mismatch, claim.fresh, v_after, jsonb_build_object('code', 'invalid', 'problem', v_problem));
END $$;
