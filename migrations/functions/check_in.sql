-- A guard lets a visitor in: all that functions/visits/src/checkin.sql does, answered as shared::write reads it: 'null'
-- where the caller knows no such visitor.
CREATE OR REPLACE FUNCTION check_in(
    p_user uuid, p_request text, p_trace text, p_method text, p_path text, p_key text, p_payload bytea, p_visitor uuid, p_visit uuid,
    p_checkin_method text, p_notes text,
    -- Who the body says the guard is.
    p_guard uuid
) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    target      record;
    v          visitors;
    v_verdict  jsonb;
    v_answer   jsonb;
    v_fresh    boolean := true;
    v_mismatch boolean := false;
    v_event    jsonb;
BEGIN
    -- The lock waits for a parallel denial and shows the state it left. check_out begins alike: a function for both is a call more,
    -- some 10 µs of each.
    SELECT x AS visitor, g.id AS guard INTO target
      FROM visitors x
      JOIN guards g ON g.user_id = p_user AND g.society_id = x.society_id AND g.active
     WHERE x.id = p_visitor AND g.id = coalesce(p_guard, g.id) AND CASE WHEN EXISTS (
           SELECT FROM role_assignments r
            WHERE r.user_id = p_user AND r.role = 'guard' AND r.scope_id = x.society_id AND r.revoked_at IS NULL)
           THEN alone('visitor:' || x.id) END
       FOR NO KEY UPDATE OF x;
    IF NOT FOUND THEN
        RETURN coalesce((
            SELECT outcome(false, false, false, NULL) FROM visitors x
             WHERE x.id = p_visitor AND has_part(caller_scope(p_user), x.society_id)), 'null');
    END IF;
    v := target.visitor;
    v_verdict := entry_verdict(v, false);
    IF v_verdict ->> 'code' IS NULL THEN
        v_answer := jsonb_build_object(
            'id', p_visit, 'visitor_id', v.id, 'guard_id', target.guard, 'checkin_time', now(), 'checkout_time', NULL,
            'checkin_method', p_checkin_method, 'notes', p_notes, 'created_at', now());
    END IF;
    IF p_key IS NOT NULL THEN
        SELECT c.fresh, c.mismatch, c.answer INTO v_fresh, v_mismatch, v_answer
          FROM claim_key(p_user, p_method, p_path, p_key, p_payload, v_answer) c;
    END IF;
    IF v_answer IS NULL OR NOT v_fresh THEN
        RETURN outcome(true, v_mismatch, false, v_answer,
                       jsonb_build_object('code', 'not_let_in', 'verdict', v_verdict, 'status', v.status));
    END IF;
    -- The row is locked, so its state is still the one that was judged.
    UPDATE visitors x
       SET status = 'checked_in', visit_id = p_visit, checkin_time = now(), checkout_time = NULL, entries = entries_used(v) + 1,
           updated_at = now()
     WHERE x.id = p_visitor;
    INSERT INTO visits (id, checkin_time, society_id, block_id, flat_id, visitor_id, guard_id, checkin_method, notes, created_at)
    VALUES (p_visit, now(), v.society_id, v.block_id, v.flat_id, v.id, target.guard, p_checkin_method, p_notes, now());
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    VALUES (p_user, 'visit.checkin', 'visit', p_visit, v.society_id, p_request, jsonb_build_object('visitor_id', v.id));
    v_event := jsonb_build_object('visitor_id', v.id, 'visitor_name', v.visitor_name, 'visit_id', p_visit,
                                  'checkin_time', rfc3339(now()));
    RETURN outcome(true, false, true, v_answer, p_events => jsonb_build_array(
        emit('flat:' || v.flat_id, 'visitor_checkin', v_event, p_user, p_request, p_trace),
        emit('society:' || v.society_id, 'visitor_checkin', v_event, p_user, p_request, p_trace)));
END $$;
