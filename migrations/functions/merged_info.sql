-- What a phone says of itself now, beside what it said before as long as both are no longer than one of them may be.
CREATE OR REPLACE FUNCTION merged_info(p_known jsonb, p_said jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN length((p_known || p_said)::text) <= 2000 THEN p_known || p_said ELSE p_said END
$$;
