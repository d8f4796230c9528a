-- A number of a society's policy, or the default where it says nothing.
CREATE OR REPLACE FUNCTION policy_number(p_society uuid, p_name text, p_default integer) RETURNS integer LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce((SELECT (value #>> '{}')::integer FROM policies WHERE society_id = p_society AND name = p_name), p_default));
END $$;
