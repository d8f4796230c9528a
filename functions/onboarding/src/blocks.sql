-- The page begins behind :after_name and :after_id
SELECT jsonb_build_object('id', id, 'complex_id', complex_id, 'name', name, 'created_at', created_at)
  FROM blocks
 WHERE complex_id = :complex AND (name COLLATE natural_order, id) > (:after_name, :after_id)
 ORDER BY name COLLATE natural_order, id
 LIMIT :rows
