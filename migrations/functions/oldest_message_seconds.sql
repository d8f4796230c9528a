-- For how long the oldest message that is due has waited, in seconds.
CREATE OR REPLACE FUNCTION oldest_message_seconds() RETURNS float8 LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce((SELECT extract(epoch FROM clock_timestamp() - min(n.due_at)) FROM notification_logs n
                      WHERE n.status = 'queued' AND n.due_at <= clock_timestamp()), 0);
END $$;
