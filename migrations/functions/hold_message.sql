-- A user's message, locked, and where it stands: in the queue, or filed. What leaves the queue meanwhile is filed by then.
CREATE OR REPLACE FUNCTION hold_message(p_user uuid, p_notification uuid)
RETURNS TABLE (id uuid, visitor_id uuid, status text) LANGUAGE plpgsql VOLATILE ROWS 1 AS $$
BEGIN
    RETURN QUERY SELECT d.id, d.visitor_id, 'queued' FROM deliveries d
                  WHERE d.id = p_notification AND d.user_id = p_user FOR NO KEY UPDATE;
    IF FOUND THEN RETURN; END IF;
    RETURN QUERY SELECT n.id, n.visitor_id, n.status FROM notifications n
                  WHERE n.id = p_notification AND n.user_id = p_user FOR NO KEY UPDATE;
END $$;
