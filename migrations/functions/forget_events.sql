-- Deletes events whose time is over, but not what is still to be pushed or opened an emergency that is not resolved: that
-- is looked at again an hour later, so that nothing is looked at twice on the way to what can go.
CREATE OR REPLACE FUNCTION forget_events(p_rows integer) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone  bigint := 0;
    seen  bigint;
    ended bigint;
BEGIN
    LOOP
        WITH over AS MATERIALIZED (
            SELECT o.id, o.room, o.seq, o.event, o.data FROM outbox o WHERE o.expires_at < now()
             ORDER BY o.expires_at LIMIT p_rows - gone FOR UPDATE SKIP LOCKED
        ), judged AS MATERIALIZED (
            SELECT o.id, coalesce(o.seq > r.pushed, false) OR o.event = 'emergency_alert' AND EXISTS (
                       SELECT FROM emergencies e WHERE e.id::text = o.data ->> 'emergency_id' AND e.status <> 'resolved') AS stays
              FROM over o LEFT JOIN room_sequences r ON r.room = o.room
        ), kept AS (
            UPDATE outbox o SET expires_at = now() + interval '1 hour' FROM judged j WHERE o.id = j.id AND j.stays
        ), removed AS (
            DELETE FROM outbox o USING judged j WHERE o.id = j.id AND NOT j.stays RETURNING o.id
        )
        SELECT (SELECT count(*) FROM judged), (SELECT count(*) FROM removed) INTO seen, ended;
        gone := gone + ended;
        EXIT WHEN seen = 0 OR gone >= p_rows;
    END LOOP;
    RETURN gone;
END $$;
