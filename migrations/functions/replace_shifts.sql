-- An admin says anew when a guard is on duty. Answered as shared::write reads it.
CREATE OR REPLACE FUNCTION replace_shifts(
    p_user uuid, p_request text, p_method text, p_path text, p_key text, p_payload bytea,
    p_guard uuid, p_list jsonb
) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    target   record;
    v_before jsonb;
    v_after  jsonb;
    v_today  date;
    v_problem jsonb;
    claim    record;
BEGIN
    SELECT * INTO target FROM guard_to_change(p_user, p_guard);
    IF target.refusal IS NOT NULL THEN RETURN target.refusal; END IF;
    SELECT (now() AT TIME ZONE timezone)::date INTO v_today FROM societies WHERE id = (target.post).society_id;
    IF EXISTS (SELECT FROM jsonb_to_recordset(p_list) AS s ("from" date, until date) WHERE s.until < coalesce(s."from", v_today)) THEN
        v_problem := '{"field": "shifts", "code": "OUT_OF_RANGE", "problem": "must not end before they begin"}';
    END IF;
    v_before := shifts_of(p_guard);
    SELECT * INTO claim FROM claim_key(p_user, p_method, p_path, p_key, p_payload, CASE WHEN v_problem IS NULL THEN v_before END);
    v_after := claim.answer;
    IF claim.fresh THEN
        DELETE FROM guard_shifts WHERE guard_id = p_guard;
        INSERT INTO guard_shifts (guard_id, weekdays, from_time, until_time, from_day, until_day)
        SELECT p_guard, ARRAY(SELECT d::smallint FROM jsonb_array_elements_text(s.weekdays) d ORDER BY d), s.starts, s.ends, coalesce(s."from", v_today), s.until
          FROM jsonb_to_recordset(p_list) AS s (weekdays jsonb, starts time, ends time, "from" date, until date);
        UPDATE guards SET has_shifts = jsonb_array_length(p_list) > 0 WHERE id = p_guard;
        v_after := shifts_of(p_guard);
        PERFORM keep_answer(p_user, p_method, p_path, p_key, v_after);
        INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
        VALUES (p_user, 'guard.set_shifts', 'guard', p_guard, (target.post).society_id, p_request,
                jsonb_build_object('before', v_before, 'after', v_after));
    END IF;
    RETURN outcome(true, claim.mismatch, claim.fresh, v_after, jsonb_build_object('code', 'invalid', 'problem', v_problem));
END $$;
