-- $1 place, $2/$3 name and id before the page, $4 rows
SELECT jsonb_build_object('id', id, 'complex_id', complex_id, 'name', name, 'created_at', created_at)
  FROM blocks
 WHERE complex_id = $1 AND (name COLLATE natural_order, id) > ($2, $3)
 ORDER BY name COLLATE natural_order, id
 LIMIT $4
