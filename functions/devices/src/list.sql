-- The page begins behind :before_at and :before_id
SELECT to_jsonb(d) || jsonb_build_object('device_type', d.platform)
  FROM devices d
 WHERE d.user_id = :caller AND d.token IS NOT NULL AND d.is_active AND (d.created_at, d.id) < (:before_at, :before_id)
 ORDER BY d.created_at DESC, d.id DESC
 LIMIT :rows
