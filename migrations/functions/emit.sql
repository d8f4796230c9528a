-- Writes an event into a room, queues the messages that ring phones for it, and returns it as `emit_to` does. p_request and
-- p_trace say which request it comes from.
CREATE OR REPLACE FUNCTION emit(p_room text, p_event text, p_data jsonb, p_actor uuid, p_request text, p_trace text)
RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN emit_to(room_users(p_room), p_room, p_event, p_data, p_actor, p_request, p_trace);
END $$;
