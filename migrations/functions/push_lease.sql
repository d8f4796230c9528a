-- How long a pusher may be silent before another takes its room. Longer than a push may take.
CREATE OR REPLACE FUNCTION push_lease() RETURNS interval LANGUAGE sql IMMUTABLE AS $$ SELECT interval '5 seconds' $$;
