-- Denies a visitor whom nobody answered in time, and tells both sides; answers the events. Nothing happens where
-- an answer came first, and never to a pass.
CREATE OR REPLACE FUNCTION time_out_visitor(p_visitor uuid) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_events jsonb;
BEGIN
    WITH changed AS (
        UPDATE visitors v SET status = 'denied', decided_by = 'timeout', updated_at = now()
         WHERE v.id = p_visitor AND v.status = 'pending' AND NOT v.guest_pass AND v.approval_deadline <= clock_timestamp()
        RETURNING v.id, v.society_id, v.flat_id, v.visitor_name, v.status, v.request_id, v.trace_id
    ), audited AS (
        INSERT INTO audit_logs (action, resource_type, resource_id, society_id)
        SELECT 'visitor.time_out', 'visitor', id, society_id FROM changed
    )
    SELECT jsonb_build_array(emit('flat:' || flat_id, 'visitor_timeout', data, NULL, request_id, trace_id),
                             emit('society:' || society_id, 'visitor_timeout', data, NULL, request_id, trace_id))
      INTO v_events
      FROM (SELECT c.flat_id, c.society_id, c.request_id, c.trace_id, jsonb_build_object(
                       'visitor_id', c.id, 'visitor_name', c.visitor_name, 'flat_number', p.flat_number,
                       'block_name', p.block_name, 'status', c.status, 'reason', 'timeout') AS data
              FROM changed c JOIN places p ON p.flat_id = c.flat_id) e;
    RETURN v_events;
END $$;
