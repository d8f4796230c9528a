-- Writes an event into a room, queues the messages that ring phones for it, and returns it as `emit_to` does.
CREATE OR REPLACE FUNCTION emit(p_room text, p_event text, p_data jsonb, p_actor uuid DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN emit_to(room_users(p_room), p_room, p_event, p_data, p_actor);
END $$;
