-- A waiting visitor is at the door of those who live there now (is_own), whenever they moved in. The page begins behind
-- :before_at and :before_id
SELECT json_build_object(
           'id', v.id, 'visitor_name', v.visitor_name, 'phone', v.phone, 'purpose', v.purpose, 'vehicle_no', v.vehicle_no,
           'expected_start', v.expected_start, 'expected_end', v.expected_end, 'status', v.status,
           'approval_deadline', v.approval_deadline, 'created_at', v.created_at, 'flat_id', v.flat_id,
           'flat_number', f.flat_number, 'block_name', b.name, 'complex_name', c.name)
  FROM caller_scope(:caller) AS me, visitors v
  JOIN flats f ON f.id = v.flat_id JOIN blocks b ON b.id = f.block_id JOIN complexes c ON c.id = b.complex_id
 WHERE v.flat_id = ANY (me.flats) AND v.status = 'pending' AND NOT v.guest_pass AND v.hidden_at IS NULL
   AND (v.created_at, v.id) < (:before_at, :before_id)
 ORDER BY v.created_at DESC, v.id DESC
 LIMIT :rows
