-- $1 place, $2/$3 name and id before the page, $4 rows
SELECT jsonb_build_object('id', id, 'society_id', society_id, 'name', name, 'created_at', created_at)
  FROM complexes
 WHERE society_id = $1 AND (name COLLATE natural_order, id) > ($2, $3)
 ORDER BY name COLLATE natural_order, id
 LIMIT $4
