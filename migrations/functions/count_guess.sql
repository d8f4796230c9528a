-- Judges a try at a pass after the fact: counts it where nothing was found, and tells how many
-- misses there are in the window. Parallel tries wait here for each other, so no burst of guesses
-- gets more answers than the same guesses one by one.
CREATE OR REPLACE FUNCTION count_guess(p_user uuid, p_found boolean, p_window interval)
RETURNS TABLE (misses integer, reset_seconds bigint) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    v_miss  integer := CASE WHEN p_found THEN 0 ELSE 1 END;
    v_start timestamptz;
BEGIN
    UPDATE pass_guesses g
       SET misses = CASE WHEN g.window_start > now() - p_window THEN g.misses ELSE 0 END + v_miss,
           window_start = CASE WHEN g.window_start > now() - p_window THEN g.window_start ELSE now() END
     WHERE g.user_id = p_user
    RETURNING g.misses, g.window_start INTO misses, v_start;
    IF NOT FOUND THEN
        INSERT INTO pass_guesses AS g (user_id, window_start, misses) VALUES (p_user, now(), v_miss)
        ON CONFLICT (user_id) DO UPDATE SET misses = g.misses + excluded.misses
        RETURNING g.misses, g.window_start INTO misses, v_start;
    END IF;
    reset_seconds := greatest(1, ceil(extract(epoch FROM v_start + p_window - now())))::bigint;
    RETURN NEXT;
END $$;
