-- How often a visitor has come in. Once at least where there is a visit, counted or not.
CREATE OR REPLACE FUNCTION entries_used(v visitors) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT greatest(v.entries, (v.visit_id IS NOT NULL)::integer)
$$;
