-- Deletes claims that nobody came for within a year.
CREATE OR REPLACE FUNCTION forget_claims(p_rows integer) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM resident_claims WHERE id IN (
        SELECT id FROM resident_claims WHERE created_at < now() - interval '1 year' LIMIT p_rows FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
