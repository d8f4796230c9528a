-- Since when the caller lives in a flat; null where they do not.
CREATE OR REPLACE FUNCTION lives_since(me scope, p_flat uuid) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT me.flats_since[array_position(me.flats, p_flat)]
$$;
