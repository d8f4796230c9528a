-- The page begins behind :after_number and :after_id
WITH block AS MATERIALIZED (
    SELECT b.id, has_part(me, c.society_id) AS sees_residents
      FROM blocks b JOIN complexes c ON c.id = b.complex_id, caller_scope(:caller) AS me
     WHERE b.id = :block
)
SELECT jsonb_build_object(
           'id', f.id, 'block_id', f.block_id, 'flat_number', f.flat_number, 'unit_type', f.unit_type, 'bhk', f.bhk,
           'square_feet', f.square_feet, 'parking_slots', f.parking_slots, 'is_active', f.is_active,
           'is_occupied', CASE WHEN block.sees_residents THEN r.role IS NOT NULL END,
           'resident_name', CASE WHEN r.role IS NOT NULL THEN coalesce(r.name, 'Resident of ' || f.flat_number) END, 'occupancy_role', r.role)
  FROM block
  JOIN flats f ON f.block_id = block.id
  LEFT JOIN LATERAL (
       SELECT o.role, u.name FROM live_occupancies o JOIN users u ON u.id = o.user_id
        WHERE block.sees_residents AND o.flat_id = f.id
        -- One without a name hides nobody who has one.
        ORDER BY u.name IS NULL, o.is_primary DESC, o.start_date, o.id LIMIT 1) r ON true
 WHERE f.is_active AND (f.flat_number COLLATE natural_order, f.id) > (:after_number, :after_id)
 ORDER BY f.flat_number COLLATE natural_order, f.id
 LIMIT :rows
