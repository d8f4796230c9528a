-- $1 caller, $2/$3 cursor, $4 rows
SELECT to_jsonb(d) || jsonb_build_object('device_type', d.platform)
  FROM devices d
 WHERE d.user_id = $1 AND d.token IS NOT NULL AND d.is_active AND (d.created_at, d.id) < ($2, $3)
 ORDER BY d.created_at DESC, d.id DESC
 LIMIT $4
