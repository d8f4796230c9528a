-- Rooms that wait for a push and that nobody holds; they are the caller's now. One answer for each.
CREATE OR REPLACE FUNCTION claim_rooms(p_limit integer) RETURNS SETOF jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    claimed text;
BEGIN
    FOR claimed IN
        SELECT room FROM room_sequences
         WHERE pushed < seq AND due_at <= clock_timestamp() AND coalesce(pusher_until, '-infinity') < clock_timestamp()
         ORDER BY due_at LIMIT p_limit FOR UPDATE SKIP LOCKED
    LOOP
        UPDATE room_sequences SET pusher = gen_random_uuid(), pusher_until = clock_timestamp() + push_lease()
         WHERE room = claimed;
        RETURN NEXT push_batch(claimed);
    END LOOP;
END $$;
