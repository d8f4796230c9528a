-- A user's homes, the primary one first, and their post, as signing in and the profile answer them.
CREATE OR REPLACE FUNCTION home_of(p_user uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_flats jsonb;
    v_guard jsonb;
BEGIN
    SELECT jsonb_agg(jsonb_build_object(
               'id', o.id, 'occupancy_id', o.id, 'occupancy_role', o.role, 'is_primary', o.is_primary,
               'start_date', o.start_date, 'flat_id', f.id, 'flat_number', f.flat_number,
               'unit_type', f.unit_type, 'bhk', f.bhk, 'block_id', b.id, 'block_name', b.name,
               'complex_id', c.id, 'complex_name', c.name, 'society_id', s.id,
               'society_name', s.name, 'city', s.city, 'address', s.address)
           ORDER BY o.is_primary DESC, o.start_date, o.id)
      INTO v_flats
      FROM live_occupancies o JOIN flats f ON f.id = o.flat_id JOIN blocks b ON b.id = f.block_id
      JOIN complexes c ON c.id = b.complex_id JOIN societies s ON s.id = c.society_id
     WHERE o.user_id = p_user;
    IF EXISTS (SELECT FROM guards WHERE user_id = p_user AND active) THEN
        SELECT jsonb_build_object(
                   'id', g.id, 'guard_id', g.id, 'active', g.active, 'society_id', s.id, 'society_name', s.name,
                   'city', s.city, 'block_id', g.block_id, 'assigned_block_name', b.name) || guard_duty(g.id)
          INTO v_guard
          FROM guards g
          JOIN live_role_assignments l ON l.user_id = g.user_id AND l.role = 'guard' AND l.scope_id = g.society_id
          JOIN societies s ON s.id = g.society_id
          LEFT JOIN blocks b ON b.id = g.block_id
         WHERE g.user_id = p_user AND g.active
         ORDER BY g.created_at, g.id
         LIMIT 1;
    END IF;
    RETURN jsonb_build_object('flats', coalesce(v_flats, '[]'), 'guard', v_guard);
END $$;
