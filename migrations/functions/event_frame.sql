-- An event as it is pushed, and where it comes from, which is for the log.
CREATE OR REPLACE FUNCTION event_frame(o outbox, p_epoch uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('id', o.id, 'room', o.room, 'epoch', p_epoch, 'seq', o.seq, 'event', o.event, 'data', o.data,
                              'request_id', o.request_id, 'trace_id', o.trace_id)
$$;
