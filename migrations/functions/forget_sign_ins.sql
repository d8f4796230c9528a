-- Deletes notes of sign-ins, and with them the addresses they came from, after a year: as long as somebody looks into an
-- intrusion has to be able to look back (India: DPDP Rules 2025, rule 6).
CREATE OR REPLACE FUNCTION forget_sign_ins(p_rows integer) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM firebase_auth_audit WHERE id IN (
        SELECT id FROM firebase_auth_audit
         WHERE id < uuid_v7_at(now() - interval '1 year') AND created_at < now() - interval '1 year'
         ORDER BY id LIMIT p_rows
           FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
