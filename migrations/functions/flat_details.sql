-- A flat as a caller is told of it, with the resident to ask for: the primary one, else the next who has a name.
CREATE OR REPLACE FUNCTION flat_details(p_flat uuid, me scope) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT jsonb_build_object(
                   'flat_id', p.flat_id, 'flat_number', p.flat_number, 'block_id', p.block_id, 'block_name', p.block_name,
                   'complex_id', p.complex_id, 'complex_name', p.complex_name,
                   'society_id', p.society_id, 'society_name', p.society_name, 'resident_user_id', r.id,
                   'resident_name', CASE WHEN r.id IS NOT NULL THEN coalesce(r.name, 'Resident of ' || p.flat_number) END,
                   'resident_phone', shown_phone(me, p.society_id, p.block_id, p.flat_id, r.phone))
          FROM places p
          LEFT JOIN LATERAL (
               SELECT u.id, u.name, u.phone FROM live_occupancies o JOIN users u ON u.id = o.user_id
                WHERE o.flat_id = p.flat_id
                ORDER BY u.name IS NULL, o.is_primary DESC, o.start_date, o.id LIMIT 1) r ON true
         WHERE p.flat_id = p_flat);
END $$;
