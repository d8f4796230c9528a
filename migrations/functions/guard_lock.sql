-- For how many seconds a guard is locked, after five wrong PINs in a quarter of an hour; 0 where they are not.
CREATE OR REPLACE FUNCTION guard_lock(p_guard uuid) RETURNS integer LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN try_wait('pin-guard:' || p_guard, 5, interval '15 minutes');
END $$;
