-- :city is in any case, or null for all; the page begins behind :after_city, :after_name and :after_id. Each of both ways is one
-- range of an index
SELECT json_build_object('id', s.id, 'name', s.name, 'slug', s.slug, 'city', s.city, 'address', s.address)
  FROM ((SELECT * FROM societies
          WHERE :city::text IS NULL AND (city, name, id) > (:after_city, :after_name, :after_id)
          ORDER BY city, name, id LIMIT :rows)
        UNION ALL
        (SELECT * FROM societies
          WHERE lower(city) = lower(:city) AND (city, name, id) > (:after_city, :after_name, :after_id)
          ORDER BY city, name, id LIMIT :rows)) s
 ORDER BY s.city, s.name, s.id
 LIMIT :rows
