-- A user's roles that count now, as signing in answers them.
CREATE OR REPLACE FUNCTION live_roles(p_user uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce(jsonb_agg(jsonb_build_object('role', role, 'scope_type', scope_type, 'scope_id', scope_id)
                                  ORDER BY role, created_at, scope_id), '[]')
          FROM live_role_assignments WHERE user_id = p_user);
END $$;
