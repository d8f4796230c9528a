-- Notes what came of a push, where its pusher still holds the room: how far it came (`upto`), and which
-- connections lag behind. With `keep` the pusher goes on: the answer is its next batch, or nothing where the
-- room is up to date; without, the room is free, and the answer tells whether it is still behind.
CREATE OR REPLACE FUNCTION settle_push(p_room text, p_pusher uuid, p_upto bigint, p_lagging jsonb, p_keep boolean)
RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    has_more boolean;
BEGIN
    UPDATE room_sequences r
       SET pushed = greatest(pushed, p_upto), pushed_at = clock_timestamp(), attempts = 0, due_at = '-infinity',
           pusher = CASE WHEN p_keep AND r.seq > p_upto THEN r.pusher END,
           pusher_until = CASE WHEN p_keep AND r.seq > p_upto THEN clock_timestamp() + push_lease() END
     WHERE r.room = p_room AND r.pusher = p_pusher
    RETURNING r.seq > p_upto INTO has_more;
    IF has_more IS NULL THEN RETURN NULL; END IF;
    INSERT INTO lagging_connections (room, connection_id, connected_at, since)
    SELECT p_room, l.connection_id, l.connected_at, l.since
      FROM jsonb_to_recordset(p_lagging) AS l (connection_id text, connected_at bigint, since bigint)
        ON CONFLICT DO NOTHING;
    IF NOT has_more THEN RETURN NULL; END IF;
    IF p_keep THEN RETURN jsonb_build_object('next', push_batch(p_room)); END IF;
    RETURN jsonb_build_object('behind', true);
END $$;
