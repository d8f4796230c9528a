-- True for one transaction at a time, until it ends. Another one is refused for now instead of waiting for a row that may
-- itself wait for a room. It is asked for only where the caller has a part in the thing, so that nobody else holds it.
CREATE OR REPLACE FUNCTION alone(p_thing text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended(p_thing, 0)) THEN PERFORM refuse_for_now('another one is at it'); END IF;
    RETURN true;
END $$;
