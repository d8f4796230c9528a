SELECT jsonb_build_object('id', id, 'name', name, 'slug', slug, 'city', city, 'address', address)
  FROM societies
 WHERE $1 IS NULL OR city = $1
 ORDER BY city, name, id
