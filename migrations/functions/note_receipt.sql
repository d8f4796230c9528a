-- What a phone says of a message it was sent: it came, or it was opened. A phone says so once or often, and may do so before
-- its sender has noted anything; what is answered are the events that tell guards where that is news.
CREATE OR REPLACE FUNCTION note_receipt(p_notification uuid, p_opened boolean) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    d      deliveries;
    before notifications;
    noted  notifications;
BEGIN
    SELECT * INTO d FROM deliveries WHERE id = p_notification FOR UPDATE;
    IF FOUND THEN
        PERFORM file_delivery(d, CASE WHEN p_opened THEN 'opened' ELSE 'delivered' END, NULL);
        RETURN CASE WHEN d.kind = 'visitor_request' AND d.channel = 'push' THEN tell_delivery(ARRAY[d.visitor_id]) ELSE '[]' END;
    END IF;
    SELECT * INTO before FROM notifications WHERE id = p_notification FOR NO KEY UPDATE;
    UPDATE notifications n
       SET delivered_at = coalesce(n.delivered_at, clock_timestamp()),
           opened_at = CASE WHEN p_opened THEN coalesce(n.opened_at, clock_timestamp()) ELSE n.opened_at END,
           status = CASE WHEN p_opened OR n.status = 'opened' THEN 'opened' ELSE 'delivered' END,
           failed_at = NULL, reason = NULL
     WHERE n.id = p_notification RETURNING n.* INTO noted;
    -- For the release before.
    UPDATE notification_logs SET status = noted.status, delivered_at = noted.delivered_at, opened_at = noted.opened_at,
                                 reason = NULL WHERE id = p_notification;
    RETURN CASE WHEN noted.status <> before.status AND noted.kind = 'visitor_request' AND noted.channel = 'push'
                THEN tell_delivery(ARRAY[noted.visitor_id]) ELSE '[]' END;
END $$;
