-- How long a sender has a message for themselves. Longer than sending may take.
CREATE OR REPLACE FUNCTION send_lease() RETURNS interval LANGUAGE sql IMMUTABLE AS $$ SELECT interval '15 seconds' $$;
