-- Removes what had happened from emergencies that were resolved a year ago; answers how many.
CREATE OR REPLACE FUNCTION strip_emergencies(p_rows integer) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    UPDATE emergencies SET description = NULL WHERE id IN (
        SELECT id FROM emergencies
         WHERE resolved_at < now() - interval '1 year' AND description IS NOT NULL
         LIMIT p_rows
           FOR NO KEY UPDATE SKIP LOCKED);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
