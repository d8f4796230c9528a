-- Lagging connections that are due. Each is the caller's for the length of a lease.
CREATE OR REPLACE FUNCTION claim_lagging(p_limit integer) RETURNS SETOF jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    claimed lagging_connections;
BEGIN
    FOR claimed IN
        SELECT * FROM lagging_connections WHERE due_at <= clock_timestamp()
         ORDER BY due_at LIMIT p_limit FOR UPDATE SKIP LOCKED
    LOOP
        UPDATE lagging_connections l
           SET attempts = l.attempts + 1, due_at = clock_timestamp() + push_lease()
         WHERE l.room = claimed.room AND l.connection_id = claimed.connection_id RETURNING l.* INTO claimed;
        RETURN NEXT lagging_batch(claimed);
    END LOOP;
END $$;
