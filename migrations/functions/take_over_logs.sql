-- Takes into the queue what the release before has queued in its own table, and goes with it.
CREATE OR REPLACE FUNCTION take_over_logs() RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM notification_logs WHERE status = 'queued') THEN RETURN; END IF;
    WITH waiting AS (
        UPDATE notification_logs SET status = 'sent' WHERE id IN (
            SELECT id FROM notification_logs WHERE status = 'queued' AND due_at <= clock_timestamp()
             ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED)
        RETURNING *
    )
    INSERT INTO deliveries (id, payload, user_id, visitor_id, society_id, flat_id, device_id, channel, kind, room, turn,
                            created_at, expires_at, attempts)
    SELECT id, payload, user_id, visitor_id, society_id, flat_id, device_id, channel, kind, room,
           CASE kind WHEN 'emergency_alert' THEN 'urgent' ELSE 'fresh' END, created_at, expires_at, attempts
      FROM waiting ON CONFLICT DO NOTHING;
END $$;
