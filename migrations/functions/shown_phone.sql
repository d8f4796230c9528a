-- The number of a flat's resident as a caller is told it: those who live there and admins read it.
CREATE OR REPLACE FUNCTION shown_phone(me scope, p_society uuid, p_block uuid, p_flat uuid, p_phone text) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN me.super_admin OR p_society = ANY (me.admin_of) OR p_block = ANY (me.blocks) OR p_flat = ANY (me.flats)
                THEN p_phone ELSE gate_phone(p_society, p_phone) END
$$;
