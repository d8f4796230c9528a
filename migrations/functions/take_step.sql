-- Takes a step, and queues its messages; answers how many: to residents who live there now, and where a message needs a
-- number, to the first who has one, so that one that moved to somebody else leaves nobody unasked.
CREATE OR REPLACE FUNCTION take_step(p_visitor uuid, p_position integer) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_queued bigint;
BEGIN
    DELETE FROM put_off WHERE work = 'step' AND subject = p_visitor;
    WITH done AS (
        UPDATE visitor_escalations e SET done_at = clock_timestamp()
         WHERE e.visitor_id = p_visitor AND e.position = p_position AND e.done_at IS NULL
        RETURNING e.*
    ), reached AS (
        SELECT e.position, e.channel, v.id AS visitor_id, v.society_id, v.flat_id, v.visitor_name, v.purpose, v.approval_deadline,
               v.request_id, v.trace_id, r.user_id
          FROM done e JOIN visitors v ON v.id = e.visitor_id AND v.status = 'pending',
               LATERAL (SELECT o.user_id FROM live_occupancies o JOIN users u ON u.id = o.user_id
                         WHERE o.flat_id = v.flat_id
                         ORDER BY e.channel <> 'push' AND u.phone IS NULL, o.is_primary DESC, o.start_date, o.id
                         LIMIT CASE e.audience WHEN 'primary' THEN 1 END) r
    ), queued AS (
        INSERT INTO deliveries (user_id, visitor_id, society_id, flat_id, device_id, channel, kind, room, expires_at, payload,
                                request_id, trace_id)
        SELECT r.user_id, r.visitor_id, r.society_id, r.flat_id, d.id, r.channel, 'visitor_request', 'flat:' || r.flat_id,
               r.approval_deadline,
               jsonb_build_object('type', 'visitor_request', 'visitor_id', r.visitor_id, 'visitor_name', r.visitor_name,
                                  'purpose', r.purpose, 'flat_id', r.flat_id, 'screen', 'visitor_approvals',
                                  'click_action', 'FLUTTER_NOTIFICATION_CLICK'), r.request_id, r.trace_id
          FROM reached r
          LEFT JOIN devices d ON r.channel = 'push' AND d.user_id = r.user_id AND d.is_active AND d.token IS NOT NULL
         WHERE r.channel <> 'push' OR d.id IS NOT NULL
        RETURNING id
    )
    SELECT count(*) INTO v_queued FROM queued;
    RETURN v_queued;
END $$;
