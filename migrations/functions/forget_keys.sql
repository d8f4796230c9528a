-- Deletes answers that claim_key does not repeat any more.
CREATE OR REPLACE FUNCTION forget_keys(p_rows integer) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM idempotency_keys WHERE (user_id, method, path, key) IN (
        SELECT user_id, method, path, key FROM idempotency_keys
         WHERE created_at < now() - interval '24 hours'
         LIMIT p_rows
           FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
