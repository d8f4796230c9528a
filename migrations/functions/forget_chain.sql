-- Deletes what chains say of rows of the audit that went with their month.
CREATE OR REPLACE FUNCTION forget_chain(p_rows integer) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM audit_chain WHERE (chain, seq) IN (
        SELECT c.chain, c.seq FROM audit_starts s, LATERAL (
            SELECT k.chain, k.seq FROM audit_chain k
             WHERE k.chain = s.chain AND k.seq <= s.seq AND k.created_at < s.before ORDER BY k.seq LIMIT p_rows) c
         LIMIT p_rows);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
