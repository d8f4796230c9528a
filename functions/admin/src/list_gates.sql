-- The page begins behind :before_at and :before_id
SELECT jsonb_build_object('access', a.access, 'rows', coalesce((
           SELECT jsonb_agg(to_jsonb(p) ORDER BY p.created_at DESC, p.id DESC) FROM (
               SELECT g.id, g.society_id, g.name, g.active, g.created_at FROM gates g
                WHERE g.society_id = :society AND a.access = 'ok' AND (g.created_at, g.id) < (:before_at, :before_id)
                ORDER BY g.created_at DESC, g.id DESC LIMIT :rows) p), '[]'))
  FROM (SELECT admin_access(:caller, :society) AS access) a
