-- Frees a room that could not be pushed to at all. After p_max failures its events are given up;
-- answers how many.
CREATE OR REPLACE FUNCTION fail_push(p_room text, p_pusher uuid, p_max integer) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    failed room_sequences;
    dead   bigint := 0;
BEGIN
    PERFORM enter_room(p_room);
    UPDATE room_sequences r
       SET attempts = r.attempts + 1, due_at = clock_timestamp() + push_backoff(r.attempts + 1),
           pusher = NULL, pusher_until = NULL
     WHERE r.room = p_room AND r.pusher = p_pusher RETURNING r.* INTO failed;
    IF failed.attempts >= p_max THEN
        UPDATE outbox SET dead_at = clock_timestamp()
         WHERE room = p_room AND seq > failed.pushed AND seq <= failed.seq;
        GET DIAGNOSTICS dead = ROW_COUNT;
        UPDATE room_sequences SET pushed = failed.seq, attempts = 0, due_at = '-infinity' WHERE room = p_room;
    END IF;
    RETURN dead;
END $$;
