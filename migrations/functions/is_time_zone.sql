-- Whether the server can read its clock in a time zone of this name, as `societies_timezone_check` asks.
CREATE OR REPLACE FUNCTION is_time_zone(p_name text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (timestamptz '2000-01-01 00:00Z' AT TIME ZONE p_name) IS NOT NULL;
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN false;
END $$;
