-- Holds a society's row until the transaction ends, for a statement that changes what belongs to it. It comes behind the row
-- of a user and before rooms. Rows that only refer to the society are added meanwhile.
CREATE OR REPLACE FUNCTION hold_society(p_society uuid) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM FROM societies WHERE id = p_society FOR NO KEY UPDATE;
END $$;
