-- End of that period, not included; a day is included to its last moment.
CREATE OR REPLACE FUNCTION period_end(p_time timestamptz, p_day date, p_timezone text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce(p_time, (p_day + 1)::timestamp AT TIME ZONE p_timezone, 'infinity')
$$;
