-- A user's roles that count now, as signing in answers them. It says what the view live_role_assignments says, for half of
-- the work, since it is part of every request: a post or an occupancy is looked for only for a role that needs one.
CREATE OR REPLACE FUNCTION live_roles(p_user uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN to_jsonb(ARRAY(
        SELECT jsonb_build_object('role', r.role, 'scope_type', r.scope_type, 'scope_id', r.scope_id)
          FROM role_assignments r
         WHERE r.user_id = p_user AND r.revoked_at IS NULL
           AND CASE r.role
                   WHEN 'guard' THEN (SELECT true FROM guards g
                        WHERE g.user_id = p_user AND g.society_id = r.scope_id AND g.active)
                   WHEN 'resident' THEN (SELECT true FROM flat_occupancies o
                        WHERE o.user_id = p_user AND o.flat_id = r.scope_id AND o.end_date IS NULL)
                   ELSE true END
         ORDER BY r.role, r.created_at, r.scope_id));
END $$;
