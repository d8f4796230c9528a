-- Writes an event into a room, queues the messages that ring phones for it, and returns it as it is pushed, with whose
-- turn the push is: 'mine', 'theirs' where somebody holds the room, 'behind' where nobody does, so that it waits for
-- the dispatcher. p_request and p_trace say where it comes from. A statement that writes into two rooms names the flat's
-- first, so that no two statements wait for each other.
CREATE OR REPLACE FUNCTION emit(p_room text, p_event text, p_data jsonb, p_actor uuid, p_request text, p_trace text)
RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_id    uuid := uuid_v7();
    v_seq   bigint;
    v_turn  text;
    v_epoch uuid;
BEGIN
    INSERT INTO room_sequences AS r (room, seq, pusher, pusher_until)
    VALUES (p_room, 1, v_id, clock_timestamp() + push_lease())
    ON CONFLICT (room) DO UPDATE
       SET seq = r.seq + 1,
           pusher = CASE WHEN r.pushed = r.seq THEN excluded.pusher ELSE r.pusher END,
           pusher_until = CASE WHEN r.pushed = r.seq THEN excluded.pusher_until ELSE r.pusher_until END
    RETURNING r.seq, CASE WHEN r.pusher = v_id THEN 'mine'
                          WHEN r.pusher_until > clock_timestamp() THEN 'theirs'
                          ELSE 'behind' END, (SELECT epoch FROM room_epoch)
      INTO v_seq, v_turn, v_epoch;
    INSERT INTO outbox (id, room, seq, event, data, request_id, trace_id)
    VALUES (v_id, p_room, v_seq, p_event, p_data, p_request, p_trace);
    RETURN jsonb_build_object('id', v_id, 'room', p_room, 'epoch', v_epoch, 'seq', v_seq, 'event', p_event, 'data', p_data,
                              'request_id', p_request, 'trace_id', p_trace, 'turn', v_turn, 'users', room_users(p_room),
                              'lagging', lagging_in(p_room),
                              'queued', queue_pushes(v_id, p_room, p_event, p_data, p_actor, p_request, p_trace));
END $$;
