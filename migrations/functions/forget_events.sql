-- Deletes events whose time is over, but not what is still to be pushed or opened an emergency that is not resolved: that
-- is looked at again an hour later, so that nothing is looked at twice on the way to what can go.
CREATE OR REPLACE FUNCTION forget_events(p_rows integer) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    over uuid[];
    kept uuid[];
    seen bigint := 0;
BEGIN
    over := ARRAY(SELECT id FROM outbox WHERE expires_at < now() ORDER BY expires_at LIMIT p_rows FOR UPDATE SKIP LOCKED);
    kept := ARRAY(
        SELECT o.id FROM outbox o LEFT JOIN room_sequences r ON r.room = o.room
         WHERE o.id = ANY (over)
           AND (o.seq > r.pushed OR o.event = 'emergency_alert' AND EXISTS (
                   SELECT FROM emergencies e
                    WHERE e.id = CASE WHEN o.data ->> 'emergency_id' ~ '^[0-9a-f-]{36}$' THEN (o.data ->> 'emergency_id')::uuid END
                      AND e.status <> 'resolved')));
    DELETE FROM outbox WHERE id = ANY (over) AND id <> ALL (kept);
    GET DIAGNOSTICS seen = ROW_COUNT;
    IF kept <> '{}' THEN
        UPDATE outbox SET expires_at = now() + interval '1 hour' WHERE id = ANY (kept);
        -- Those that could not go are no end of what can.
        IF seen + cardinality(kept) = p_rows THEN RETURN seen + forget_events(cardinality(kept)); END IF;
    END IF;
    RETURN seen;
END $$;
