-- Whether a caller has any part in a society; a caller without any is told that nothing is there.
CREATE OR REPLACE FUNCTION has_part(me scope, p_society uuid) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT me.super_admin OR p_society = ANY (me.part_of)
$$;
