-- Queues an event's messages to phones: one for each device of those it rings; answers whether there are any.
CREATE OR REPLACE FUNCTION queue_pushes(p_id uuid, p_room text, p_event text, p_data jsonb, p_actor uuid,
                                        p_request text, p_trace text) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_users   uuid[] := array_remove(push_users(p_room, p_event), p_actor);
    v_visitor visitors;
    v_queued  bigint;
BEGIN
    IF v_users = '{}' THEN RETURN 0; END IF;
    SELECT * INTO v_visitor FROM visitors WHERE id = (p_data ->> 'visitor_id')::uuid;
    INSERT INTO notification_logs (user_id, visitor_id, society_id, flat_id, device_id, channel, kind, room, dedupe_key,
                                   expires_at, payload, request_id, trace_id)
    SELECT d.user_id, (p_data ->> 'visitor_id')::uuid, v_visitor.society_id, v_visitor.flat_id, d.id, 'push', p_event, p_room,
           p_id || ':' || d.id,
           coalesce((p_data ->> 'approval_deadline')::timestamptz, clock_timestamp() + interval '1 hour'),
           jsonb_strip_nulls(jsonb_build_object(
               'type', p_event, 'visitor_id', p_data -> 'visitor_id', 'visitor_name', p_data -> 'visitor_name',
               'purpose', coalesce(p_data ->> 'purpose', v_visitor.purpose),
               'flat_id', coalesce(p_data ->> 'flat_id', v_visitor.flat_id::text,
                                   CASE WHEN starts_with(p_room, 'flat:') THEN split_part(p_room, ':', 2) END),
               'flat_number', p_data -> 'flat_number', 'block_name', p_data -> 'block_name',
               'emergency_id', p_data -> 'emergency_id', 'decision', p_data -> 'decision', 'status', p_data -> 'status',
               'screen', CASE WHEN p_event = 'visitor_request' THEN 'visitor_approvals'
                              WHEN p_event = 'resident_joined' THEN 'my_flats'
                              WHEN starts_with(p_event, 'emergency') THEN 'emergencies' ELSE 'visitor_details' END,
               'click_action', 'FLUTTER_NOTIFICATION_CLICK')),
           p_request, p_trace
      FROM devices d WHERE d.user_id = ANY (v_users) AND d.is_active AND d.token IS NOT NULL;
    GET DIAGNOSTICS v_queued = ROW_COUNT;
    RETURN v_queued;
END $$;
