-- A resident answers for a visitor, or a pass is withdrawn: all that functions/visitors/src/respond.sql does, answered as
-- shared::write reads it: 'null' where the caller knows no such visitor.
CREATE OR REPLACE FUNCTION respond_to_visitor(
    p_user uuid, p_request text, p_trace text, p_method text, p_path text, p_key text, p_payload bytea, p_visitor uuid, p_decision text,
    p_note text,
    -- From a decision link, its flat and its deadline; null from an app.
    p_flat uuid, p_deadline bigint,
    -- Whether a pass is withdrawn, which admins may, too.
    p_withdrawal boolean
) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    me          scope;
    target       record;
    v           visitors;
    v_speaks_as text;
    v_late      boolean;
    v_open      boolean;
    v_status    text;
    v_answer    jsonb;
    v_fresh     boolean;
    v_mismatch  boolean := false;
    v_name      text;
    v_data      jsonb;
    v_events    jsonb := '[]';
    v_place     places;
BEGIN
    -- The lock waits for a parallel answer and shows the state it left. Nobody locks what they have no part in.
    SELECT x AS visitor, o.since INTO target
      FROM visitors x JOIN live_occupancies o ON o.flat_id = x.flat_id AND o.user_id = p_user
     WHERE x.id = p_visitor
       AND (p_flat IS NULL OR x.flat_id = p_flat AND extract(epoch FROM x.approval_deadline)::bigint = p_deadline)
       AND CASE WHEN o.since IS NOT NULL THEN alone('visitor:' || x.id) END
       FOR NO KEY UPDATE OF x;
    IF FOUND AND is_own((false, '{}', '{}', '{}', ARRAY[(target.visitor).flat_id], '{}', ARRAY[target.since])::scope, target.visitor) THEN
        v := target.visitor;
        v_speaks_as := 'resident';
    ELSE
        me := caller_scope(p_user);
        SELECT * INTO v FROM visitors x
         WHERE x.id = p_visitor
           AND (p_flat IS NULL OR x.flat_id = p_flat AND extract(epoch FROM x.approval_deadline)::bigint = p_deadline)
           AND CASE WHEN has_part(me, x.society_id) THEN alone('visitor:' || x.id) END
           FOR NO KEY UPDATE OF x;
        IF NOT FOUND THEN RETURN 'null'; END IF;
        v_speaks_as := CASE
            WHEN is_own(me, v) THEN 'resident'
            WHEN p_withdrawal AND (me.super_admin OR v.society_id = ANY (me.admin_of) OR v.block_id = ANY (me.blocks)) THEN 'guard' END;
        IF v_speaks_as IS NULL THEN RETURN outcome(false, false, false, NULL); END IF;
    END IF;
    v_late := NOT v.guest_pass AND (v.status = 'pending' AND clock_timestamp() >= coalesce(v.approval_deadline, 'infinity')
                                    OR v.status = 'denied' AND coalesce(v.decided_by = 'timeout', false));
    -- Who is inside stays so until they leave.
    v_status := CASE WHEN p_decision = 'accept' THEN 'accepted'
                     WHEN v.guest_pass AND v.status IN ('checked_in', 'checked_out') THEN v.status ELSE 'denied' END;
    -- A denial counts until entry, and so withdraws a pass that is not used up, inside its window or not; a pass needs no
    -- yes. A link answers a question and takes no answer back, so it is worth nothing to those who find it later.
    v_open := CASE
        WHEN v.guest_pass THEN p_decision = 'deny' AND p_flat IS NULL AND v.withdrawn_at IS NULL
            AND (v.status IN ('pending', 'accepted') OR v.status = 'checked_in' AND entries_used(v) < v.max_entries)
        ELSE NOT p_withdrawal AND (v.status = 'pending' AND NOT v_late
                                   OR p_decision = 'deny' AND p_flat IS NULL AND v.status = 'accepted') END;
    v_answer := CASE WHEN v_open THEN jsonb_build_object('visitor_id', v.id, 'decision', p_decision, 'status', v_status) END;
    v_fresh := v_open;
    IF p_key IS NOT NULL THEN
        SELECT c.fresh, c.mismatch, c.answer INTO v_fresh, v_mismatch, v_answer
          FROM claim_key(p_user, p_method, p_path, p_key, p_payload, v_answer) c;
    END IF;
    IF NOT v_fresh THEN
        -- They say again what they said last: it is answered as the first time.
        IF v_answer IS NULL AND v.decided_by = v_speaks_as AND v.status = v_status AND (v.guest_pass OR NOT p_withdrawal)
           AND is_last_word(v.id, p_user, v_speaks_as, p_decision) THEN
            v_answer := jsonb_build_object('visitor_id', v.id, 'decision', p_decision, 'status', v_status);
        END IF;
        RETURN outcome(
            true, v_mismatch, false, v_answer,
            CASE WHEN v.guest_pass AND p_decision = 'accept'
                 THEN jsonb_build_object('code', 'not_allowed', 'because', 'pass_needs_no_answer', 'status', v.status)
                 WHEN p_withdrawal AND NOT v.guest_pass
                 THEN jsonb_build_object('code', 'not_allowed', 'because', 'no_pass', 'status', CASE WHEN v_late THEN 'denied' ELSE v.status END)
                 WHEN v_late THEN '{"code": "deadline_passed", "status": "denied"}'
                 ELSE jsonb_build_object('code', 'wrong_state', 'status', v.status) END,
            -- The first late answer ends the waiting for all.
            CASE WHEN v_late AND v.status = 'pending' THEN time_out_visitor(v.id) END);
    END IF;
    -- The row is locked, so its state is still the one that was judged.
    UPDATE visitors x
       SET status = v_status, decided_by = v_speaks_as, updated_at = now(),
           accepted_at = CASE p_decision WHEN 'accept' THEN now() END, withdrawn_at = CASE WHEN v.guest_pass THEN now() END
     WHERE x.id = v.id;
    INSERT INTO visitor_approvals (visitor_id, user_id, decided_by, decision, note)
    VALUES (v.id, p_user, v_speaks_as, p_decision, p_note);
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    VALUES (p_user, CASE WHEN v.guest_pass THEN 'visitor.withdraw' ELSE 'visitor.respond' END, 'visitor', v.id, v.society_id,
            p_request, jsonb_strip_nulls(jsonb_build_object('decision', p_decision, 'via', CASE WHEN p_flat IS NOT NULL THEN 'link' END)));
    SELECT u.name INTO v_name FROM users u WHERE u.id = p_user;
    IF v.guest_pass THEN
        SELECT * INTO v_place FROM places p WHERE p.flat_id = v.flat_id;
        v_data := jsonb_build_object(
            'visitor_id', v.id, 'visitor_name', v.visitor_name, 'flat_number', v_place.flat_number, 'block_name', v_place.block_name,
            'status', v_status, 'withdrawn_by', v_name, 'note', p_note, 'timestamp', rfc3339(now()));
        -- The gate hears it always, the flat where it was not one of its own.
        IF v_speaks_as = 'guard' THEN
            v_events := v_events || emit('flat:' || v.flat_id, 'guest_pass_withdrawn', v_data, p_user, p_request, p_trace);
        END IF;
        v_events := v_events || emit('society:' || v.society_id, 'guest_pass_withdrawn', v_data, p_user, p_request, p_trace);
    ELSE
        v_events := jsonb_build_array(emit('society:' || v.society_id, 'request_approved', jsonb_build_object(
            'visitor_id', v.id, 'visitor_name', v.visitor_name, 'decision', p_decision, 'status', v_status,
            'approver_name', v_name, 'note', p_note, 'timestamp', rfc3339(now())), p_user, p_request, p_trace));
    END IF;
    RETURN outcome(true, false, true, v_answer, p_events => v_events);
END $$;
