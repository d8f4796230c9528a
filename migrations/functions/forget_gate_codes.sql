-- Deletes codes that registered a phone, or were left, after a day, and notes of who signed in where after a year.
CREATE OR REPLACE FUNCTION forget_gate_codes(p_rows integer) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint;
    more bigint;
BEGIN
    DELETE FROM gate_device_codes WHERE id IN (
        SELECT id FROM gate_device_codes WHERE expires_at < now() - interval '1 day' LIMIT p_rows FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS gone = ROW_COUNT;
    DELETE FROM guard_sign_ins WHERE (device_id, guard_id) IN (
        SELECT device_id, guard_id FROM guard_sign_ins
         WHERE signed_in_at < now() - interval '1 year' LIMIT greatest(p_rows - gone, 0) FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS more = ROW_COUNT;
    RETURN gone + more;
END $$;
