-- A user's roles that count now, as signing in answers them. It says what the view live_role_assignments says, for half of
-- the work, since it is part of every request: a post or an occupancy is looked for only for a role that needs one. That of a
-- guard whose society lets them work in their shifts alone says so outside of them (shared/src/auth/caller.rs).
CREATE OR REPLACE FUNCTION live_roles(p_user uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN to_jsonb(ARRAY(
        SELECT jsonb_build_object('role', r.role, 'scope_type', r.scope_type, 'scope_id', r.scope_id)
               || CASE WHEN r.has_shifts AND is_off_shift(p_user, r.scope_id) THEN '{"off_shift": true}' ELSE '{}' END::jsonb
          FROM (SELECT a.*,
                       CASE a.role
                           WHEN 'guard' THEN (SELECT g.has_shifts FROM guards g
                                WHERE g.user_id = p_user AND g.society_id = a.scope_id AND g.active)
                           WHEN 'resident' THEN (SELECT false FROM flat_occupancies o
                                WHERE o.user_id = p_user AND o.flat_id = a.scope_id AND o.end_date IS NULL)
                           ELSE false END AS has_shifts
                  FROM role_assignments a
                 -- Without it the post is looked for twice.
                 WHERE a.user_id = p_user AND a.revoked_at IS NULL OFFSET 0) r
         WHERE r.has_shifts IS NOT NULL
         ORDER BY r.role, r.created_at, r.scope_id));
END $$;
