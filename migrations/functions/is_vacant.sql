-- Whether nobody lives in a flat, and nobody else is just let in.
CREATE OR REPLACE FUNCTION is_vacant(p_flat uuid) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM hold_flat(p_flat);
    RETURN NOT EXISTS (SELECT FROM live_occupancies WHERE flat_id = p_flat);
END $$;
