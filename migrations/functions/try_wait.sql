-- For how many seconds no try is counted, since there were as many as there may be; 0 where one is.
CREATE OR REPLACE FUNCTION try_wait(p_counted text, p_most integer, p_window interval) RETURNS integer LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce((
        SELECT greatest(0, ceil(extract(epoch FROM window_start + p_window - clock_timestamp())))::integer
          FROM request_counts WHERE counted = p_counted AND hits >= p_most), 0);
END $$;
