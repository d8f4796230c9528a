-- Whether a caller may ask about a flat: 'ok', 'forbidden', or 'not_found' where they have no part in its society.
CREATE OR REPLACE FUNCTION flat_access(me scope, p_flat uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce((
            SELECT CASE WHEN p.flat_id = ANY (me.flats) OR is_staff(me, p.society_id, p.block_id)
                        THEN 'ok' ELSE 'forbidden' END
              FROM places p WHERE p.flat_id = p_flat AND has_part(me, p.society_id)), 'not_found'));
END $$;
