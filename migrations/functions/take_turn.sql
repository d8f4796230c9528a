-- Takes a turn at some work for so many seconds, or keeps it; false where all turns are others'.
CREATE OR REPLACE FUNCTION take_turn(p_work text, p_holder uuid, p_seconds float8) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE dispatcher_turns SET holder = p_holder, until = clock_timestamp() + make_interval(secs => p_seconds)
     WHERE work = p_work AND slot = (
         SELECT t.slot FROM dispatcher_turns t
          WHERE t.work = p_work AND (t.holder = p_holder OR t.until <= clock_timestamp())
          ORDER BY t.holder = p_holder DESC, t.slot LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED);
    RETURN FOUND;
END $$;
