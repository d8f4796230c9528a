-- A guard lets a visitor out: all that functions/visits/src/checkout.sql does, answered as shared::write reads it: 'null'
-- where the caller knows no such visit.
CREATE OR REPLACE FUNCTION check_out(
    p_user uuid, p_request text, p_trace text, p_method text, p_path text, p_key text, p_payload bytea, p_visit uuid, p_notes text,
    -- Who the body says the guard is.
    p_guard uuid
) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    target      record;
    v          visitors;
    v_visit    visits;
    v_returns  boolean;
    v_answer   jsonb;
    v_fresh    boolean := true;
    v_mismatch boolean := false;
    v_event    jsonb;
BEGIN
    -- The lock waits for a parallel change and shows the state it left; why check_in says the same stands there.
    SELECT x AS visitor, g.id AS guard INTO target
      FROM visitors x
      JOIN guards g ON g.user_id = p_user AND g.society_id = x.society_id AND g.active
     WHERE x.visit_id = p_visit AND g.id = coalesce(p_guard, g.id) AND CASE WHEN EXISTS (
           SELECT FROM role_assignments r
            WHERE r.user_id = p_user AND r.role = 'guard' AND r.scope_id = x.society_id AND r.revoked_at IS NULL)
           THEN alone('visit:' || x.visit_id) END
       FOR NO KEY UPDATE OF x;
    IF NOT FOUND THEN
        RETURN coalesce((
            SELECT outcome(false, false, false, NULL) FROM visitors x
             WHERE x.visit_id = p_visit AND has_part(caller_scope(p_user), x.society_id)), 'null');
    END IF;
    v := target.visitor;
    IF v.status = 'checked_in' THEN
        SELECT * INTO v_visit FROM visits WHERE id = p_visit AND checkin_time = v.checkin_time;
        v_answer := CASE WHEN FOUND THEN jsonb_build_object(
            'id', v_visit.id, 'visitor_id', v.id, 'guard_id', v_visit.guard_id, 'checkin_time', v_visit.checkin_time,
            'checkout_time', now(), 'checkin_method', v_visit.checkin_method, 'notes', coalesce(p_notes, v_visit.notes),
            'created_at', v_visit.created_at) END;
    END IF;
    IF p_key IS NOT NULL THEN
        SELECT c.fresh, c.mismatch, c.answer INTO v_fresh, v_mismatch, v_answer
          FROM claim_key(p_user, p_method, p_path, p_key, p_payload, v_answer) c;
    END IF;
    IF v_answer IS NULL OR NOT v_fresh THEN
        RETURN outcome(true, v_mismatch, false, v_answer, jsonb_build_object(
            'code', 'wrong_state', 'status', CASE v.status WHEN 'checked_in' THEN 'checked_in' ELSE 'checked_out' END));
    END IF;
    -- A pass that lets in once more waits for that; it is asked at the gate again.
    v_returns := v.guest_pass AND v.withdrawn_at IS NULL AND entries_used(v) < v.max_entries
                 AND clock_timestamp() < v.expected_end;
    -- The row is locked, so its state is still the one that was judged.
    UPDATE visitors x
       SET status = CASE WHEN v_returns THEN 'pending' ELSE 'checked_out' END, checkout_time = now(), updated_at = now(),
           decided_by = CASE WHEN NOT v_returns THEN x.decided_by END,
           accepted_at = CASE WHEN NOT v_returns THEN x.accepted_at END
     WHERE x.id = v.id;
    UPDATE visits
       SET checkout_time = now(), checkout_guard_id = target.guard, notes = coalesce(p_notes, notes)
     WHERE id = p_visit AND checkin_time = v.checkin_time;
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    VALUES (p_user, 'visit.checkout', 'visit', p_visit, v.society_id, p_request, jsonb_build_object('visitor_id', v.id));
    v_event := jsonb_build_object('visitor_id', v.id, 'visitor_name', v.visitor_name, 'visit_id', p_visit,
                                  'checkout_time', rfc3339(now()));
    RETURN outcome(true, false, true, v_answer, p_events => jsonb_build_array(
        emit('flat:' || v.flat_id, 'visitor_checkout', v_event, p_user, p_request, p_trace),
        emit('society:' || v.society_id, 'visitor_checkout', v_event, p_user, p_request, p_trace)));
END $$;
