-- What a lagging connection lacks, and who may be sent it.
CREATE OR REPLACE FUNCTION lagging_batch(l lagging_connections) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN (
        SELECT jsonb_build_object(
                   'room', l.room, 'connection_id', l.connection_id, 'connected_at', l.connected_at, 'since', l.since,
                   'attempts', l.attempts, 'users', room_users(l.room),
                   'events', coalesce((
                       SELECT jsonb_agg(event_frame(o, (SELECT epoch FROM room_epoch)) ORDER BY o.seq)
                         FROM (SELECT * FROM outbox WHERE outbox.room = l.room AND outbox.seq > l.since
                                ORDER BY outbox.seq LIMIT 100) o), '[]')));
END $$;
