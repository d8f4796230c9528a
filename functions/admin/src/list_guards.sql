-- :search is part of a name, the beginning of a code, or that of a number; the page begins behind :before_at and :before_id
SELECT jsonb_build_object('access', a.access, 'rows', coalesce((
           SELECT jsonb_agg(guard_shown(p.id) ORDER BY p.created_at DESC, p.id DESC) FROM (
               SELECT g.id, g.created_at FROM guards g JOIN users u ON u.id = g.user_id
                WHERE g.society_id = :society AND a.access = 'ok' AND (g.created_at, g.id) < (:before_at, :before_id)
                  AND (:active::boolean IS NULL OR g.active = :active)
                  AND (:search::text IS NULL OR strpos(lower(u.name), lower(:search)) > 0 OR starts_with(g.guard_code, upper(:search))
                       OR starts_with(g.phone, :search) OR starts_with(g.phone, '+91' || :search))
                ORDER BY g.created_at DESC, g.id DESC LIMIT :rows) p), '[]'))
  FROM (SELECT admin_access(:caller, :society) AS access) a
