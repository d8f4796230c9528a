SELECT json_build_object(
    'timezone', u.timezone,
    'language', u.language,
    'created_at', u.created_at,
    'home', home_of(u.id),
    'recent_notifications', recent_notifications(u.id))
  FROM users u WHERE u.id = :caller
