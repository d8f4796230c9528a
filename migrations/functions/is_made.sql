-- Whether a key was made by the server for a caller who gave none.
CREATE OR REPLACE FUNCTION is_made(p_key text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT starts_with(p_key, E'\x01') $$;
