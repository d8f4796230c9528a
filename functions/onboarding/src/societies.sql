-- $1 city in any case or all, $2/$3/$4 city, name and id before the page, $5 rows
SELECT jsonb_build_object('id', id, 'name', name, 'slug', slug, 'city', city, 'address', address)
  FROM societies
 WHERE ($1 IS NULL OR lower(city) = lower($1)) AND (city, name, id) > ($2, $3, $4)
 ORDER BY city, name, id
 LIMIT $5
