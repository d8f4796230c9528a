SELECT jsonb_build_object('id', id, 'society_id', society_id, 'name', name, 'created_at', created_at)
  FROM complexes
 WHERE society_id = $1
 ORDER BY name COLLATE natural_order, id
