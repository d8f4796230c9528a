-- Deletes imports after a month, with the rows that nobody went on with.
CREATE OR REPLACE FUNCTION forget_imports(p_rows integer) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM csv_imports WHERE id IN (
        SELECT id FROM csv_imports WHERE created_at < now() - interval '1 month' LIMIT p_rows FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
