-- Ends a transaction that would have to wait for others. What it did is rolled back, and the same statement is tried again a
-- moment later, outside (shared/src/db.rs); the release before answers 503, as to all of class 53.
CREATE OR REPLACE FUNCTION refuse_for_now(p_why text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = '53R01', MESSAGE = p_why;
END $$;
