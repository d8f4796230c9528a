-- All chains that there are or may be: of each society, of the users, and whatever else has rows.
CREATE OR REPLACE FUNCTION audit_chains() RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT s.id FROM societies s UNION SELECT h.chain FROM audit_heads h
    UNION SELECT ('00000000-0000-0000-0000-00000000000' || to_hex(n))::uuid FROM generate_series(0, 15) AS n
    ORDER BY 1;
END $$;
