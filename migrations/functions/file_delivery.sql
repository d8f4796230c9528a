-- Files a message with what came of it: it leaves the queue for the history.
CREATE OR REPLACE FUNCTION file_delivery(d deliveries, p_status text, p_reason text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_now     timestamptz := clock_timestamp();
    v_payload jsonb := message_payload(d);
BEGIN
    DELETE FROM deliveries WHERE id = d.id;
    INSERT INTO notifications (id, user_id, visitor_id, channel, payload, status, created_at, delivered_at, kind, room, device_id,
                               expires_at, attempts, reason, sent_at, opened_at, failed_at, society_id, flat_id, request_id, trace_id)
    VALUES (d.id, d.user_id, d.visitor_id, d.channel, v_payload, p_status, d.created_at,
            CASE WHEN p_status IN ('delivered', 'opened') THEN v_now END, d.kind, d.room, d.device_id, d.expires_at, d.attempts,
            p_reason, CASE WHEN p_status <> 'failed' THEN v_now END, CASE p_status WHEN 'opened' THEN v_now END,
            CASE p_status WHEN 'failed' THEN v_now END, d.society_id, d.flat_id, d.request_id, d.trace_id);
    -- For the release before, which reads the last of them here.
    INSERT INTO notification_logs (id, user_id, visitor_id, channel, payload, status, created_at, kind, room, device_id, dedupe_key,
                                   expires_at, attempts, reason)
    VALUES (d.id, d.user_id, d.visitor_id, d.channel, v_payload, p_status, d.created_at, d.kind, d.room, d.device_id, d.id::text,
            d.expires_at, d.attempts, p_reason)
    ON CONFLICT (id) DO UPDATE SET status = excluded.status, attempts = excluded.attempts, reason = excluded.reason;
END $$;
