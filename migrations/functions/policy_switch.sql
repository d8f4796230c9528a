-- A switch of a society's policy, or the default where it says nothing.
CREATE OR REPLACE FUNCTION policy_switch(p_society uuid, p_name text, p_default boolean) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce((SELECT (value #>> '{}')::boolean FROM policies WHERE society_id = p_society AND name = p_name), p_default));
END $$;
