-- A guard as admins of their society see them.
CREATE OR REPLACE FUNCTION guard_shown(p_guard uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT jsonb_build_object(
                   'id', g.id, 'user_id', g.user_id, 'society_id', g.society_id, 'name', u.name, 'phone', g.phone,
                   'guard_code', g.guard_code, 'block_id', g.block_id, 'active', g.active, 'has_pin', p.guard_id IS NOT NULL,
                   'must_change_pin', coalesce(p.must_change, false), 'locked_seconds', guard_lock(g.id),
                   'last_sign_in_at', g.last_sign_in_at, 'on_shift', on_shift(g.id), 'created_at', g.created_at)
          FROM guards g JOIN users u ON u.id = g.user_id LEFT JOIN guard_pins p ON p.guard_id = g.id
         WHERE g.id = p_guard);
END $$;
