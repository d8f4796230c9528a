-- :city is in any case, or null for all; the page begins behind :after_city, :after_name and :after_id
SELECT jsonb_build_object('id', id, 'name', name, 'slug', slug, 'city', city, 'address', address)
  FROM societies
 WHERE (:city::text IS NULL OR lower(city) = lower(:city)) AND (city, name, id) > (:after_city, :after_name, :after_id)
 ORDER BY city, name, id
 LIMIT :rows
