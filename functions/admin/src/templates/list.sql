-- The page begins behind :before_at and :before_id. They are of the whole deployment, and few
SELECT jsonb_build_object(
           'access', CASE WHEN me.super_admin THEN 'ok' ELSE 'forbidden' END,
           'rows', (SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.created_at DESC, t.id DESC), '[]') FROM (
               SELECT * FROM message_templates
                WHERE me.super_admin AND (created_at, id) < (:before_at, :before_id)
                ORDER BY created_at DESC, id DESC LIMIT :rows) t))
  FROM caller_scope(:caller) AS me
