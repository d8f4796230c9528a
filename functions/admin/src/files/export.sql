-- Every flat of a society, or of :block where that is not null, with who lives or is to live there, at most :rows
WITH place AS MATERIALIZED (
    SELECT s.id, me.super_admin OR s.id = ANY (me.admin_of) AS allowed
      FROM caller_scope(:caller) AS me, societies s WHERE s.id = :society AND has_part(me, s.id)
), flat AS MATERIALIZED (
    SELECT f.id, c.name AS complex, b.name AS block, f.flat_number, f.unit_type, f.bhk, f.square_feet, f.parking_slots
      FROM place p JOIN complexes c ON c.society_id = p.id JOIN blocks b ON b.complex_id = c.id JOIN flats f ON f.block_id = b.id
     WHERE p.allowed AND (:block::uuid IS NULL OR b.id = :block)
), resident AS MATERIALIZED (
    SELECT o.flat_id, u.name, u.phone, o.role FROM flat f JOIN live_occupancies o ON o.flat_id = f.id JOIN users u ON u.id = o.user_id
    UNION ALL
    SELECT c.flat_id, c.name, c.phone, c.occupancy_role FROM flat f JOIN resident_claims c ON c.flat_id = f.id
), line AS MATERIALIZED (
    SELECT jsonb_build_array(f.complex, f.block, f.flat_number, f.unit_type, f.bhk, f.square_feet::text, f.parking_slots::text, r.name, r.phone,
                             r.role) AS cells,
           row_number() OVER (ORDER BY f.complex COLLATE natural_order, f.complex, f.block COLLATE natural_order, f.block,
                              f.flat_number COLLATE natural_order, f.flat_number, r.phone, r.name) AS place
      FROM flat f LEFT JOIN resident r ON r.flat_id = f.id
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT :caller, 'residents.export', 'society', p.id, p.id, :request, jsonb_build_object('lines', (SELECT count(*) FROM line))
      FROM place p WHERE p.allowed
)
SELECT jsonb_build_object('access', CASE WHEN p.allowed THEN 'ok' ELSE 'forbidden' END,
                          'rows', (SELECT coalesce(jsonb_agg(l.cells ORDER BY l.place), '[]') FROM line l WHERE l.place <= :rows))
  FROM place p
