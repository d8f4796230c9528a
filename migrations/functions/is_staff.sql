-- Guards and administrators of a place; the place is one flat's block and society.
CREATE OR REPLACE FUNCTION is_staff(me scope, p_society uuid, p_block uuid) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT me.super_admin OR p_society = ANY (me.guard_of) OR p_society = ANY (me.admin_of) OR p_block = ANY (me.blocks)
$$;
