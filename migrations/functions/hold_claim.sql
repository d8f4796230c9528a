-- Whether a claim is still there, which stays so until the transaction ends: who signs in with its number comes before this or
-- finds no claim.
CREATE OR REPLACE FUNCTION hold_claim(p_claim uuid) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_phone text;
BEGIN
    SELECT phone INTO v_phone FROM resident_claims WHERE id = p_claim;
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM alone('number:' || v_phone);
    RETURN EXISTS (SELECT FROM resident_claims WHERE id = p_claim);
END $$;
