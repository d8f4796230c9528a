SELECT jsonb_build_object('id', id, 'complex_id', complex_id, 'name', name, 'created_at', created_at)
  FROM blocks
 WHERE complex_id = $1
 ORDER BY name COLLATE natural_order, id
