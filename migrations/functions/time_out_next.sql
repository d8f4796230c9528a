-- The next visitor whose time is over, as time_out_visitor answers; null where there is none. One at a time, so that no
-- room is held while another is waited for.
CREATE OR REPLACE FUNCTION time_out_next() RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_visitor uuid;
BEGIN
    SELECT id INTO v_visitor FROM visitors
     WHERE status = 'pending' AND NOT guest_pass AND approval_deadline <= clock_timestamp()
     ORDER BY approval_deadline LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN RETURN NULL; END IF;
    RETURN time_out_visitor(v_visitor);
END $$;
