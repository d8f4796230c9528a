-- Notes how far a lagging connection has come. Where it has everything it lags no more, and the room's
-- pusher serves it again: the room's row is locked, so no event can be numbered in between. Otherwise
-- the answer is what it lacks now. Nothing is answered as the JSON it is read as.
CREATE OR REPLACE FUNCTION advance_lagging(p_room text, p_connection text, p_since bigint) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    latest  bigint;
    lagging lagging_connections;
BEGIN
    PERFORM enter_room(p_room);
    SELECT seq INTO latest FROM room_sequences WHERE room = p_room FOR UPDATE;
    IF latest <= p_since THEN
        DELETE FROM lagging_connections WHERE room = p_room AND connection_id = p_connection;
        RETURN 'null';
    END IF;
    UPDATE lagging_connections SET since = p_since, attempts = 1, due_at = clock_timestamp() + push_lease()
     WHERE room = p_room AND connection_id = p_connection RETURNING * INTO lagging;
    IF NOT FOUND THEN RETURN 'null'; END IF;
    RETURN lagging_batch(lagging);
END $$;
