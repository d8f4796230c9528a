-- Whether a user may set up a society: 'ok', 'forbidden', or 'not_found' where they have no part in it.
CREATE OR REPLACE FUNCTION admin_access(p_user uuid, p_society uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce((
            SELECT CASE WHEN staff_at(p_user, s.id, NULL) = 'admin' THEN 'ok'
                        WHEN has_part(caller_scope(p_user), s.id) THEN 'forbidden' ELSE 'not_found' END
              FROM societies s WHERE s.id = p_society), 'not_found'));
END $$;
