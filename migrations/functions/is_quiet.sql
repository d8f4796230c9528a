-- Whether a user does not want to be disturbed now.
CREATE OR REPLACE FUNCTION is_quiet(p_user uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce((
            SELECT CASE WHEN p.quiet_from <= p.quiet_until THEN c.clock >= p.quiet_from AND c.clock < p.quiet_until
                        ELSE c.clock >= p.quiet_from OR c.clock < p.quiet_until END
              FROM notification_preferences p JOIN users u ON u.id = p.user_id,
                   LATERAL (SELECT (clock_timestamp() AT TIME ZONE u.timezone)::time AS clock) c
             WHERE p.user_id = p_user), false));
END $$;
