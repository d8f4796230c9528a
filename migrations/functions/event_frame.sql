-- An event as it is pushed.
CREATE OR REPLACE FUNCTION event_frame(o outbox) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('id', o.id, 'room', o.room, 'seq', o.seq, 'event', o.event, 'data', o.data)
$$;
