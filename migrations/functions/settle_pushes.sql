-- Notes what came of pushes, room by room in the order of their names: what of them leaves something to do is answered.
-- `next` is the next batch of a room that is kept (p_keep) and has more, `behind` says that one which is not kept has more,
-- `dead` how many events were given up after p_max failures. A room that somebody else holds by now is left to them.
-- p_lagging has an array for each room: the connections that did not take what was pushed. p_answered is noted besides
-- (`note_answered`), where there is one.
CREATE OR REPLACE FUNCTION settle_pushes(p_rooms text[], p_pushers uuid[], p_failed boolean[], p_upto bigint[],
                                         p_lagging jsonb[], p_keep boolean, p_max integer, p_answered jsonb)
RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_more    boolean;
    v_entered boolean;
    v_left    jsonb := '[]';
BEGIN
    -- A note that a crash takes is made again: the room's lease ends, and the dispatcher pushes once more. So the answer need
    -- not wait for the disk a second time.
    PERFORM set_config('synchronous_commit', 'off', true);
    IF p_answered IS NOT NULL THEN PERFORM note_answered(p_answered); END IF;
    FOR i IN 1 .. cardinality(p_rooms) LOOP
        IF p_failed[i] THEN
            v_left := v_left || jsonb_build_object('dead', fail_push(p_rooms[i], p_pushers[i], p_max));
            CONTINUE;
        END IF;
        v_entered := false;
        LOOP
            UPDATE room_sequences r
               SET pushed = greatest(r.pushed, p_upto[i]), pushed_at = clock_timestamp(), attempts = 0, due_at = '-infinity',
                   pusher = CASE WHEN p_keep AND r.seq > p_upto[i] THEN r.pusher END,
                   pusher_until = CASE WHEN p_keep AND r.seq > p_upto[i] THEN clock_timestamp() + push_lease() END
             WHERE r.room = p_rooms[i] AND r.pusher = p_pushers[i] AND (v_entered OR r.room = (
                   SELECT room FROM room_sequences WHERE room = p_rooms[i] FOR NO KEY UPDATE SKIP LOCKED))
            RETURNING r.seq > p_upto[i] INTO v_more;
            EXIT WHEN FOUND OR v_entered;
            PERFORM enter_room(p_rooms[i]);
            v_entered := true;
        END LOOP;
        CONTINUE WHEN NOT FOUND;
        IF p_lagging[i] <> '[]' THEN
            INSERT INTO lagging_connections (room, connection_id, connected_at, since)
            SELECT p_rooms[i], l.connection_id, l.connected_at, l.since
              FROM jsonb_to_recordset(p_lagging[i]) AS l (connection_id text, connected_at bigint, since bigint)
                ON CONFLICT DO NOTHING;
        END IF;
        IF v_more AND p_keep THEN
            v_left := v_left || jsonb_build_object('next', push_batch(p_rooms[i]));
        ELSIF v_more THEN
            v_left := v_left || jsonb_build_object('behind', true);
        END IF;
    END LOOP;
    RETURN v_left;
END $$;
