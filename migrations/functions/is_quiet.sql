-- Whether a user does not want to be disturbed now. Where the clock of their time zone is unknown nothing is held back.
CREATE OR REPLACE FUNCTION is_quiet(p_user uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_from  time;
    v_until time;
    v_zone  text;
    v_clock time;
BEGIN
    SELECT p.quiet_from, p.quiet_until, u.timezone INTO v_from, v_until, v_zone
      FROM notification_preferences p JOIN users u ON u.id = p.user_id WHERE p.user_id = p_user;
    IF v_from IS NULL THEN RETURN false; END IF;
    BEGIN
        v_clock := clock_timestamp() AT TIME ZONE v_zone;
    EXCEPTION WHEN invalid_parameter_value THEN
        RETURN false;
    END;
    RETURN CASE WHEN v_from <= v_until THEN v_clock >= v_from AND v_clock < v_until ELSE v_clock >= v_from OR v_clock < v_until END;
END $$;
