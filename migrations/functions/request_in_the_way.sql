-- Why a user may not ask for a flat now: another request, or 'too_many' where three wait for an answer; null where they
-- may.
CREATE OR REPLACE FUNCTION request_in_the_way(p_user uuid, p_flat uuid) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM alone('resident:' || p_user);
    PERFORM FROM users WHERE id = p_user FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM live_role_assignments
                WHERE user_id = p_user AND role = 'resident' AND scope_id = p_flat) THEN
        RETURN 'resident';
    END IF;
    RETURN coalesce(
        (SELECT status FROM resident_requests
          WHERE requesting_user_id = p_user AND flat_id = p_flat AND status = 'pending'),
        CASE WHEN (SELECT count(*) FROM resident_requests WHERE requesting_user_id = p_user AND status = 'pending') >= 3
             THEN 'too_many' END);
END $$;
