-- Judges a try at a pass after the fact: counts it where nothing was found, and tells how many
-- misses there are in the window. Parallel tries wait here for each other, so no burst of guesses
-- gets more answers than the same guesses one by one.
CREATE OR REPLACE FUNCTION count_guess(p_user uuid, p_found boolean, p_window interval)
RETURNS TABLE (misses integer, reset_seconds bigint) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    INSERT INTO pass_guesses AS g (user_id, window_start, misses)
    VALUES (p_user, now(), CASE WHEN p_found THEN 0 ELSE 1 END)
    ON CONFLICT (user_id) DO UPDATE
       SET misses = CASE WHEN g.window_start > now() - p_window THEN g.misses ELSE 0 END + excluded.misses,
           window_start = CASE WHEN g.window_start > now() - p_window THEN g.window_start ELSE now() END
    RETURNING g.misses, greatest(1, ceil(extract(epoch FROM g.window_start + p_window - now())))::bigint;
END $$;
