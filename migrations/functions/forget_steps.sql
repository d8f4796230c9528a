-- Deletes the steps of visitors who were logged a month ago; the last of them was due within a day.
CREATE OR REPLACE FUNCTION forget_steps(p_rows integer) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM visitor_escalations WHERE (visitor_id, position) IN (
        SELECT visitor_id, position FROM visitor_escalations
         WHERE visitor_id < uuid_v7_at(now() - interval '1 month') AND due_at < now() - interval '1 month'
         ORDER BY visitor_id LIMIT p_rows
           FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
