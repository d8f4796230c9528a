-- The open emergency that a further report of a flat belongs to, locked: the newest one, rather one that nobody attends
-- to yet; null where the flat has fewer than p_most. The count of a flat's reports makes them come one after the other;
-- the flat's room is no place for that, since a guard's step locks it after the emergency.
CREATE OR REPLACE FUNCTION emergency_to_join(p_flat uuid, p_most integer) RETURNS emergencies LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    found emergencies;
BEGIN
    PERFORM alone('emergencies:' || p_flat);
    INSERT INTO request_counts AS r (counted, window_start, hits) VALUES ('emergencies:' || p_flat, clock_timestamp(), 1)
    ON CONFLICT (counted) DO UPDATE SET hits = r.hits + 1, window_start = excluded.window_start;
    IF (SELECT count(*) FROM emergencies WHERE flat_id = p_flat AND status <> 'resolved') >= p_most THEN
        SELECT * INTO found FROM emergencies WHERE flat_id = p_flat AND status <> 'resolved'
         ORDER BY status = 'pending' DESC, created_at DESC, id DESC LIMIT 1 FOR NO KEY UPDATE;
    END IF;
    RETURN found;
END $$;
