-- The page begins behind :after_name and :after_id
SELECT jsonb_build_object('id', id, 'society_id', society_id, 'name', name, 'created_at', created_at)
  FROM complexes
 WHERE society_id = :society AND (name COLLATE natural_order, id) > (:after_name, :after_id)
 ORDER BY name COLLATE natural_order, id
 LIMIT :rows
