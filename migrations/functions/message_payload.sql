-- What a message holds for the app: its own, or what its event says. An event is kept for longer than its messages live.
CREATE OR REPLACE FUNCTION message_payload(d deliveries) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF d.payload IS NOT NULL OR d.event_id IS NULL THEN RETURN coalesce(d.payload, '{}'); END IF;
    RETURN coalesce((
        SELECT jsonb_strip_nulls(jsonb_build_object(
                   'type', d.kind, 'visitor_id', o.data -> 'visitor_id', 'visitor_name', o.data -> 'visitor_name',
                   'purpose', coalesce(o.data ->> 'purpose', v.purpose),
                   'flat_id', coalesce(o.data ->> 'flat_id', d.flat_id::text),
                   'flat_number', o.data -> 'flat_number', 'block_name', o.data -> 'block_name',
                   'emergency_id', o.data -> 'emergency_id', 'decision', o.data -> 'decision', 'status', o.data -> 'status',
                   'screen', CASE WHEN d.kind = 'visitor_request' THEN 'visitor_approvals'
                                  WHEN d.kind = 'resident_joined' THEN 'my_flats'
                                  WHEN d.kind IN ('guard_locked', 'foreign_device') THEN 'guards'
                                  WHEN starts_with(d.kind, 'emergency') THEN 'emergencies' ELSE 'visitor_details' END,
                   'guard_id', o.data -> 'guard_id',
                   'guard_name', CASE WHEN d.kind IN ('guard_locked', 'foreign_device') THEN o.data -> 'guard_name' END,
                   'click_action', 'FLUTTER_NOTIFICATION_CLICK'))
          FROM outbox o LEFT JOIN visitors v ON v.id = d.visitor_id WHERE o.id = d.event_id),
        jsonb_build_object('type', d.kind));
END $$;
