-- Deletes what the release before has read for two days, and goes with it.
CREATE OR REPLACE FUNCTION forget_logs(p_rows integer) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM notification_logs WHERE id IN (
        SELECT id FROM notification_logs
         WHERE id < uuid_v7_at(now() - interval '2 days') AND status <> 'queued'
         ORDER BY id LIMIT p_rows
           FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
