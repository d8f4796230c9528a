-- A flat as a caller is told of it, with the resident to ask for: the primary one, else the next who has a name.
CREATE OR REPLACE FUNCTION flat_details(p_flat uuid, me scope) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT flat_shown(p, r.id, r.name, shown_phone(me, p.society_id, p.block_id, p.flat_id, r.phone))
          FROM places p
          LEFT JOIN LATERAL (
               SELECT u.id, u.name, u.phone FROM live_occupancies o JOIN users u ON u.id = o.user_id
                WHERE o.flat_id = p.flat_id
                ORDER BY u.name IS NULL, o.is_primary DESC, o.start_date, o.id LIMIT 1) r ON true
         WHERE p.flat_id = p_flat);
END $$;
