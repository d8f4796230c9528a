SELECT jsonb_build_object('access', a.access, 'rows', CASE WHEN a.access = 'ok' THEN assignments_of(g.id, NULL) ELSE '[]' END)
  FROM guards g, LATERAL (SELECT admin_access(:caller, g.society_id) AS access) a WHERE g.id = :guard
