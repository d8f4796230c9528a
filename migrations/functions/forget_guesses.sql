-- Deletes counts of wrong codes after a day, which is longer than any window.
CREATE OR REPLACE FUNCTION forget_guesses(p_rows integer) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM pass_guesses WHERE user_id IN (
        SELECT user_id FROM pass_guesses
         WHERE window_start < now() - interval '1 day'
         LIMIT p_rows
           FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
