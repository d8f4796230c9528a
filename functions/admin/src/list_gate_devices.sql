-- The page begins behind :before_at and :before_id
SELECT jsonb_build_object('access', a.access, 'rows', coalesce((
           SELECT jsonb_agg(gate_device_shown(p) ORDER BY p.registered_at DESC, p.id DESC) FROM (
               SELECT d.* FROM gate_devices d
                WHERE d.society_id = :society AND a.access = 'ok' AND (d.registered_at, d.id) < (:before_at, :before_id)
                ORDER BY d.registered_at DESC, d.id DESC LIMIT :rows) p), '[]'))
  FROM (SELECT admin_access(:caller, :society) AS access) a
