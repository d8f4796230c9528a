-- A society's chain has its id. What concerns a user and no society is in one of sixteen, by the last digit of the
-- user's id, so that no two users wait for each other more often than need be.
CREATE OR REPLACE FUNCTION audit_chain_of(p_society uuid, p_actor uuid) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(p_society, ('00000000-0000-0000-0000-00000000000' || right(coalesce(p_actor::text, '0'), 1))::uuid)
$$;
