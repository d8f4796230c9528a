-- For how long the oldest message that is due and under nobody's hands has waited, in seconds.
CREATE OR REPLACE FUNCTION oldest_message_seconds() RETURNS float8 LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce((SELECT extract(epoch FROM clock_timestamp() - min(n.due_at)) FROM deliveries n
                      WHERE n.due_at <= clock_timestamp() AND coalesce(n.leased_until, '-infinity') <= clock_timestamp()), 0);
END $$;
