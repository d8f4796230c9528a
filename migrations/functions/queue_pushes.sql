-- Queues an event's messages to the phones of these users, one for each device; answers how many. What a message says is
-- made from the event when its turn comes (`message_payload`).
CREATE OR REPLACE FUNCTION queue_pushes(p_users uuid[], p_id uuid, p_room text, p_event text, p_data jsonb,
                                        p_request text, p_trace text) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_visitor uuid;
    v_society uuid;
    v_flat    uuid;
    v_queued  bigint;
BEGIN
    v_visitor := p_data ->> 'visitor_id';
    IF v_visitor IS NULL THEN
        IF starts_with(p_room, 'flat:') THEN
            v_flat := split_part(p_room, ':', 2);
            v_society := room_society(p_room);
        ELSE
            v_flat := p_data ->> 'flat_id';
            v_society := split_part(p_room, ':', 2);
        END IF;
    END IF;
    INSERT INTO deliveries (event_id, user_id, visitor_id, society_id, flat_id, device_id, channel, kind, room, turn, expires_at,
                            request_id, trace_id)
    SELECT p_id, d.user_id, v_visitor, coalesce(v.society_id, v_society), coalesce(v.flat_id, v_flat), d.id, 'push', p_event,
           p_room, CASE p_event WHEN 'emergency_alert' THEN 'urgent' ELSE 'fresh' END,
           coalesce((p_data ->> 'approval_deadline')::timestamptz, clock_timestamp() + interval '1 hour'), p_request, p_trace
      FROM devices d LEFT JOIN visitors v ON v.id = v_visitor
     WHERE d.user_id = ANY (p_users) AND d.is_active AND d.token IS NOT NULL;
    GET DIAGNOSTICS v_queued = ROW_COUNT;
    RETURN v_queued;
END $$;
