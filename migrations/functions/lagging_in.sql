-- Connections that the pusher of a room leaves to the dispatcher.
CREATE OR REPLACE FUNCTION lagging_in(p_room text) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT ARRAY(SELECT connection_id FROM lagging_connections WHERE room = p_room));
END $$;
