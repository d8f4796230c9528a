-- Writes an event into a room for those who belong there, queues the messages that ring phones for it, and returns it as
-- it is pushed, with whose turn the push is: 'mine', 'theirs' where somebody holds the room, 'behind' where nobody does,
-- so that it waits for the dispatcher. p_request and p_trace say which request it comes from. A statement that writes into two rooms names the flat's first, so that no two
-- statements wait for each other.
CREATE OR REPLACE FUNCTION emit_to(p_users uuid[], p_room text, p_event text, p_data jsonb, p_actor uuid,
                                   p_request text, p_trace text) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_id      uuid := uuid_v7();
    v_seq     bigint;
    v_turn    text;
    v_kept    integer;
    v_epoch   uuid;
    v_lagging text[];
    v_rung    uuid[] := array_remove(push_users(p_users, p_room, p_event), p_actor);
    v_rings   boolean;
    v_queued  bigint := 0;
    v_entered boolean := false;
BEGIN
    LOOP
        UPDATE room_sequences r
           SET seq = r.seq + 1,
               pusher = CASE WHEN r.pushed = r.seq THEN v_id ELSE r.pusher END,
               pusher_until = CASE WHEN r.pushed = r.seq THEN clock_timestamp() + push_lease() ELSE r.pusher_until END
         -- At once where nobody holds it; where somebody does, behind those who wait (`enter_room`).
         WHERE r.room = p_room AND (v_entered OR r.room = (
               SELECT room FROM room_sequences WHERE room = p_room FOR NO KEY UPDATE SKIP LOCKED))
        RETURNING r.seq, CASE WHEN r.pusher = v_id THEN 'mine' WHEN r.pusher_until > clock_timestamp() THEN 'theirs'
                              ELSE 'behind' END, r.event_hours, (SELECT epoch FROM room_epoch)
          INTO v_seq, v_turn, v_kept, v_epoch;
        EXIT WHEN FOUND;
        IF NOT v_entered THEN
            PERFORM enter_room(p_room);
            v_entered := true;
            CONTINUE;
        END IF;
        INSERT INTO room_sequences (room, seq, event_hours)
        VALUES (p_room, 0, policy_number(room_society(p_room), 'event_retention_hours', 72)) ON CONFLICT DO NOTHING;
    END LOOP;
    INSERT INTO outbox (id, room, seq, event, data, expires_at, request_id, trace_id)
    VALUES (v_id, p_room, v_seq, p_event, p_data, now() + make_interval(hours => v_kept), p_request, p_trace);
    -- Behind the room's lock, so that who lags is known as of this event.
    SELECT ARRAY(SELECT connection_id FROM lagging_connections WHERE room = p_room),
           EXISTS (SELECT FROM devices WHERE user_id = ANY (v_rung) AND is_active AND token IS NOT NULL)
      INTO v_lagging, v_rings;
    IF v_rings THEN
        v_queued := queue_pushes(v_rung, v_id, p_room, p_event, p_data, p_request, p_trace);
    END IF;
    RETURN jsonb_build_object('id', v_id, 'room', p_room, 'epoch', v_epoch, 'seq', v_seq, 'event', p_event, 'data', p_data,
                              'request_id', p_request, 'trace_id', p_trace, 'turn', v_turn, 'users', p_users, 'lagging', v_lagging, 'queued', v_queued);
END $$;
