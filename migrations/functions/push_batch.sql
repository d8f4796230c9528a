-- Events of a room to be pushed, in their order, and whom they may be sent to. Where somebody has come to live there
-- since the first of the events, the batch ends before theirs, and they are named, so that what waited for its push is
-- told only to those who lived there when it happened.
CREATE OR REPLACE FUNCTION push_batch(p_room text) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_held  room_sequences;
    v_epoch uuid := (SELECT epoch FROM room_epoch);
    v_first timestamptz;
    v_next  timestamptz;
BEGIN
    SELECT * INTO v_held FROM room_sequences WHERE room = p_room;
    IF starts_with(p_room, 'flat:') THEN
        SELECT created_at INTO v_first FROM outbox WHERE room = p_room AND seq > v_held.pushed ORDER BY seq LIMIT 1;
        SELECT min(since) INTO v_next FROM live_occupancies
         WHERE flat_id = split_part(p_room, ':', 2)::uuid AND since > v_first;
    END IF;
    RETURN jsonb_build_object(
               'room', p_room, 'pusher', v_held.pusher, 'users', room_users(p_room), 'lagging', lagging_in(p_room),
               'newcomers', coalesce((
                   SELECT jsonb_agg(user_id) FROM live_occupancies
                    WHERE v_next IS NOT NULL AND flat_id = split_part(p_room, ':', 2)::uuid AND since >= v_next), '[]'),
               'events', coalesce((
                   SELECT jsonb_agg(event_frame(o, v_epoch) ORDER BY o.seq)
                     FROM (SELECT * FROM outbox WHERE outbox.room = p_room AND outbox.seq > v_held.pushed
                              AND outbox.seq < coalesce((
                                  SELECT min(l.seq) FROM outbox l
                                   WHERE l.room = p_room AND l.seq > v_held.pushed AND l.created_at >= v_next), 9223372036854775807)
                            ORDER BY outbox.seq LIMIT 100) o), '[]'));
END $$;
