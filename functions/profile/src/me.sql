SELECT jsonb_build_object(
    'timezone', u.timezone,
    'language', u.language,
    'created_at', u.created_at,
    'home', home_of(u.id),
    'recent_notifications', coalesce((
        SELECT jsonb_agg(to_jsonb(n) ORDER BY n.created_at DESC, n.id DESC)
          FROM (SELECT id, channel, payload, status, created_at, delivered_at
                  FROM notification_logs WHERE user_id = u.id
                 ORDER BY created_at DESC, id DESC LIMIT 10) n), '[]'))
  FROM users u WHERE u.id = :caller
