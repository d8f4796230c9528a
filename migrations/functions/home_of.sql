-- A user's homes, the primary one first, and their post, as signing in and the profile answer them.
CREATE OR REPLACE FUNCTION home_of(p_user uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT jsonb_build_object(
            'flats', coalesce((
                SELECT jsonb_agg(jsonb_build_object(
                           'id', o.id, 'occupancy_id', o.id, 'occupancy_role', o.role, 'is_primary', o.is_primary,
                           'start_date', o.start_date, 'flat_id', p.flat_id, 'flat_number', p.flat_number,
                           'unit_type', f.unit_type, 'bhk', f.bhk, 'block_id', p.block_id, 'block_name', p.block_name,
                           'complex_id', p.complex_id, 'complex_name', p.complex_name, 'society_id', p.society_id,
                           'society_name', p.society_name, 'city', p.city, 'address', p.address)
                       ORDER BY o.is_primary DESC, o.start_date, o.id)
                  FROM flat_occupancies o
                  JOIN live_role_assignments l ON l.user_id = o.user_id AND l.role = 'resident' AND l.scope_id = o.flat_id
                  JOIN places p ON p.flat_id = o.flat_id
                  JOIN flats f ON f.id = o.flat_id
                 WHERE o.user_id = p_user AND o.end_date IS NULL), '[]'),
            'guard', (
                SELECT jsonb_build_object(
                           'id', g.id, 'guard_id', g.id, 'active', g.active, 'society_id', s.id, 'society_name', s.name,
                           'city', s.city, 'block_id', g.block_id, 'assigned_block_name', b.name)
                  FROM guards g
                  JOIN live_role_assignments l ON l.user_id = g.user_id AND l.role = 'guard' AND l.scope_id = g.society_id
                  JOIN societies s ON s.id = g.society_id
                  LEFT JOIN blocks b ON b.id = g.block_id
                 WHERE g.user_id = p_user AND g.active
                 ORDER BY g.created_at, g.id
                 LIMIT 1)));
END $$;
