-- Deletes events older than their society keeps them, 72 hours where it says nothing, but not what is still to be
-- pushed or opened an emergency that is not resolved.
CREATE OR REPLACE FUNCTION forget_events(p_rows integer) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    WITH shortest AS MATERIALIZED (
        SELECT least(72, min((value #>> '{}')::integer)) AS hours FROM policies WHERE name = 'event_retention_hours'
    )
    DELETE FROM outbox WHERE id IN (
        SELECT o.id FROM shortest, outbox o JOIN room_sequences r ON r.room = o.room
         WHERE o.created_at < now() - make_interval(hours => shortest.hours)
           AND o.created_at < now() - make_interval(hours => policy_number(room_society(o.room), 'event_retention_hours', 72))
           AND o.seq <= r.pushed
           AND NOT (o.event = 'emergency_alert' AND EXISTS (
                   SELECT FROM emergencies e WHERE e.id::text = o.data ->> 'emergency_id' AND e.status <> 'resolved'))
         LIMIT p_rows
           FOR UPDATE OF o SKIP LOCKED);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
