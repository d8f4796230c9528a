-- Deletes records of these runs after a year.
CREATE OR REPLACE FUNCTION forget_runs(p_rows integer) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM retention_runs WHERE id IN (
        SELECT id FROM retention_runs
         WHERE started_at < now() - interval '1 year'
         LIMIT p_rows
           FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
