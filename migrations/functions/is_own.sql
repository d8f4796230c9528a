-- Whether a visitor is one of the caller's home. What was over when they moved in is not theirs; but a visitor who waits at
-- the gate or is inside is at their door now, also where others lived there when it began.
CREATE OR REPLACE FUNCTION is_own(me scope, v visitors) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(CASE WHEN v.status = 'checked_in' OR v.status = 'pending' AND NOT v.guest_pass THEN 'infinity'
                         -- Clearing the list is nothing that happens to a visitor.
                         WHEN v.hidden_at IS NULL THEN v.updated_at ELSE v.created_at END
                    >= lives_since(me, v.flat_id), false)
$$;
