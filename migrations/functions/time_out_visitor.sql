-- Denies a visitor whom nobody answered in time, and tells both sides; answers the events. Nothing happens where
-- an answer came first, and never to a pass.
CREATE OR REPLACE FUNCTION time_out_visitor(p_visitor uuid) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_told jsonb := tell_flat_of_timeout(p_visitor);
BEGIN
    IF v_told IS NULL THEN RETURN NULL; END IF;
    RETURN jsonb_build_array(v_told -> 'event', (
        SELECT emit('society:' || v.society_id, 'visitor_timeout', v_told -> 'data', NULL, v.request_id, v.trace_id) FROM visitors v WHERE v.id = p_visitor));
END $$;
