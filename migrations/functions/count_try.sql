-- Counts a try, unless as many as there may be were counted: then answers for how many seconds none is; else 0. The last one that
-- may be begins the time in which none is. Parallel tries wait here for each other, so no burst gets more of them.
CREATE OR REPLACE FUNCTION count_try(p_counted text, p_most integer, p_window interval) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_now timestamptz := clock_timestamp();
BEGIN
    INSERT INTO request_counts AS r (counted, window_start, hits) VALUES (p_counted, v_now, 1)
    ON CONFLICT (counted) DO UPDATE
       SET hits = CASE WHEN r.window_start <= v_now - p_window THEN 1 ELSE r.hits + 1 END,
           window_start = CASE WHEN r.window_start <= v_now - p_window OR r.hits + 1 >= p_most THEN v_now ELSE r.window_start END
     WHERE r.hits < p_most OR r.window_start <= v_now - p_window;
    IF FOUND THEN RETURN 0; END IF;
    RETURN try_wait(p_counted, p_most, p_window);
END $$;
