-- What a phone says of a message it was sent: it came, or it was opened. A phone says so once or often; what is
-- answered is where the message stands, and the events that tell guards where that is news.
CREATE OR REPLACE FUNCTION note_receipt(p_notification uuid, p_opened boolean) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    before notification_logs;
    noted  notification_logs;
BEGIN
    SELECT * INTO before FROM notification_logs WHERE id = p_notification FOR UPDATE;
    UPDATE notification_logs n
       SET delivered_at = coalesce(n.delivered_at, clock_timestamp()),
           opened_at = CASE WHEN p_opened THEN coalesce(n.opened_at, clock_timestamp()) ELSE n.opened_at END,
           status = CASE WHEN p_opened OR n.status = 'opened' THEN 'opened' ELSE 'delivered' END,
           failed_at = NULL, reason = NULL
     WHERE n.id = p_notification RETURNING n.* INTO noted;
    RETURN CASE WHEN noted.status <> before.status AND noted.kind = 'visitor_request' AND noted.channel = 'push'
                THEN tell_delivery(ARRAY[noted.visitor_id]) ELSE '[]' END;
END $$;
