-- Start of the period a caller asked for: an instant, or a day of the society's own calendar.
CREATE OR REPLACE FUNCTION period_start(p_time timestamptz, p_day date, p_timezone text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce(p_time, p_day::timestamp AT TIME ZONE p_timezone, '-infinity')
$$;
