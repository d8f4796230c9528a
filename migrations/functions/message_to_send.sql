-- A message as its sender needs it. What stands in it is read now.
CREATE OR REPLACE FUNCTION message_to_send(n deliveries) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT jsonb_build_object(
                   'id', n.id, 'attempt', n.attempts, 'channel', n.channel, 'kind', n.kind, 'payload', message_payload(n),
                   'user_id', n.user_id, 'request_id', n.request_id, 'trace_id', n.trace_id, 'expires_seconds', extract(epoch FROM n.expires_at - clock_timestamp()),
                   'refusal', notification_refusal(n),
                   'address', CASE WHEN n.channel = 'push' THEN d.token WHEN n.user_id IS NULL THEN v.phone ELSE u.phone END,
                   'template', CASE WHEN n.channel <> 'push' THEN to_jsonb(approved_template(n.kind, n.channel)) END,
                   'visitor', CASE WHEN n.channel <> 'push' AND v.id IS NOT NULL THEN jsonb_build_object(
                       'id', v.id, 'flat_id', v.flat_id, 'deadline', extract(epoch FROM v.approval_deadline)::bigint,
                       'visitor_name', v.visitor_name, 'access_code', v.access_code,
                       'flat_number', pl.flat_number, 'society_name', pl.society_name) END)
          FROM (SELECT) one
          LEFT JOIN devices d ON d.id = n.device_id
          LEFT JOIN users u ON u.id = n.user_id
          LEFT JOIN visitors v ON v.id = n.visitor_id
          LEFT JOIN places pl ON n.channel <> 'push' AND pl.flat_id = v.flat_id);
END $$;
