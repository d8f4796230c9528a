SELECT jsonb_build_object(
           'push', coalesce(p.push, true), 'sms', coalesce(p.sms, true), 'whatsapp', coalesce(p.whatsapp, false),
           'quiet_from', to_char(p.quiet_from, 'HH24:MI'), 'quiet_until', to_char(p.quiet_until, 'HH24:MI'))
  FROM users u LEFT JOIN notification_preferences p ON p.user_id = u.id
 WHERE u.id = :caller
