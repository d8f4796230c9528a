-- An instant of what a caller sent: the instant itself, or what the clock shows in the society's timezone. Of an hour
-- that comes twice, where clocks are set back, it is the first one: the reading by the offset of the day before, where
-- that shows the same on the clock. A clock that skips that hour is read by the offset before.
CREATE OR REPLACE FUNCTION society_time(p_at timestamptz, p_clock timestamp, p_timezone text) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(p_at, CASE
        WHEN ((p_clock - (((p_clock - interval '1 day') AT TIME ZONE p_timezone AT TIME ZONE p_timezone)
                          - ((p_clock - interval '1 day') AT TIME ZONE p_timezone AT TIME ZONE 'UTC'))) AT TIME ZONE 'UTC'
              AT TIME ZONE p_timezone) = p_clock
        THEN (p_clock - (((p_clock - interval '1 day') AT TIME ZONE p_timezone AT TIME ZONE p_timezone)
                         - ((p_clock - interval '1 day') AT TIME ZONE p_timezone AT TIME ZONE 'UTC'))) AT TIME ZONE 'UTC'
        ELSE p_clock AT TIME ZONE p_timezone END)
$$;
