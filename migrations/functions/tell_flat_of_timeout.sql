-- Denies a visitor whom nobody answered in time, and tells the flat; answers the event, what it says, and the
-- request that logged them. Null where an
-- answer came first.
CREATE OR REPLACE FUNCTION tell_flat_of_timeout(p_visitor uuid) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_visitor visitors;
    v_data    jsonb;
BEGIN
    UPDATE visitors v SET status = 'denied', decided_by = 'timeout', updated_at = now()
     WHERE v.id = p_visitor AND v.status = 'pending' AND NOT v.guest_pass AND v.approval_deadline <= clock_timestamp()
    RETURNING v.* INTO v_visitor;
    IF NOT FOUND THEN RETURN NULL; END IF;
    INSERT INTO audit_logs (action, resource_type, resource_id, society_id)
    VALUES ('visitor.time_out', 'visitor', p_visitor, v_visitor.society_id);
    DELETE FROM put_off WHERE work = 'deadline' AND subject = p_visitor;
    SELECT jsonb_build_object('visitor_id', p_visitor, 'visitor_name', v_visitor.visitor_name, 'flat_number', p.flat_number,
                              'block_name', p.block_name, 'status', v_visitor.status, 'reason', 'timeout')
      INTO v_data FROM places p WHERE p.flat_id = v_visitor.flat_id;
    RETURN jsonb_build_object(
        'data', v_data, 'request', v_visitor.request_id, 'trace', v_visitor.trace_id,
        'event', emit('flat:' || v_visitor.flat_id, 'visitor_timeout', v_data, NULL, v_visitor.request_id, v_visitor.trace_id));
END $$;
