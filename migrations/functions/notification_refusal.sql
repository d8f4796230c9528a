-- Why a message is not sent (any more); null where it is. Asked before each sending.
CREATE OR REPLACE FUNCTION notification_refusal(n deliveries) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT CASE
            WHEN n.expires_at <= clock_timestamp() THEN 'expired'
            WHEN n.kind = 'visitor_request' AND v.status <> 'pending' THEN 'answered'
            WHEN n.kind = 'invite' AND v.status NOT IN ('pending', 'accepted') THEN 'answered'
            WHEN n.channel <> 'push' AND v.id IS NULL THEN 'visitor_gone'
            WHEN n.channel <> 'push' AND approved_template(n.kind, n.channel) IS NULL THEN 'template_not_approved'
            WHEN n.user_id IS NULL THEN CASE WHEN n.channel = 'whatsapp' AND NOT takes_whatsapp(v.phone) THEN 'turned_off' END
            WHEN n.channel = 'push' AND NOT EXISTS (
                     SELECT FROM devices d
                      WHERE d.id = n.device_id AND d.user_id = n.user_id AND d.is_active AND d.token IS NOT NULL) THEN 'device_gone'
            WHEN n.channel <> 'push' AND u.phone IS NULL THEN 'no_phone'
            WHEN NOT n.user_id = ANY (room_users(n.room)) THEN 'not_entitled'
            WHEN n.kind = 'emergency_alert' THEN NULL
            WHEN NOT CASE n.channel WHEN 'push' THEN coalesce(p.push, true) WHEN 'sms' THEN coalesce(p.sms, true)
                                    ELSE coalesce(p.whatsapp, false) END THEN 'turned_off'
            WHEN is_quiet(n.user_id) THEN 'quiet_hours' END
          FROM (SELECT) one
          LEFT JOIN visitors v ON v.id = n.visitor_id
          LEFT JOIN users u ON u.id = n.user_id
          LEFT JOIN notification_preferences p ON p.user_id = n.user_id);
END $$;
