-- The partition of the month that holds p_day.
CREATE OR REPLACE FUNCTION month_partition(p_table text, p_day date) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN (
        SELECT format('%s_%s_%s', p_table, lpad(extract(year FROM p_day)::text, 4, '0'), lpad(extract(month FROM p_day)::text, 2, '0')));
END $$;
