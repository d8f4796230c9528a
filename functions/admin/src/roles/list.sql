-- Who administers a society, and to super admins who administers everything, newest first. :role and :q, how a name or a
-- number begins, are null for all; the page begins behind :before_at and :before_id
WITH place AS MATERIALIZED (
    SELECT s.id, s.name, me.super_admin, me.super_admin OR s.id = ANY (me.admin_of) AS allowed
      FROM caller_scope(:caller) AS me, societies s WHERE s.id = :society AND has_part(me, s.id)
), scopes AS MATERIALIZED (
    SELECT 'society_admin' AS role, p.id, p.name FROM place p WHERE p.allowed
    UNION ALL
    SELECT 'block_admin', b.id, b.name FROM place p JOIN complexes c ON c.society_id = p.id JOIN blocks b ON b.complex_id = c.id WHERE p.allowed
), held AS (
    SELECT r.*, s.name AS scope_name FROM scopes s JOIN role_assignments r ON r.scope_id = s.id AND r.role = s.role WHERE r.revoked_at IS NULL
    UNION ALL
    SELECT r.*, NULL FROM place p JOIN role_assignments r ON r.scope_id IS NULL AND r.role = 'super_admin'
     WHERE p.super_admin AND r.revoked_at IS NULL
), page AS MATERIALIZED (
    SELECT h.id, h.role, h.scope_type, h.scope_id, h.scope_name, h.user_id, u.name, u.phone, h.created_at AS since,
           h.granted_by, g.name AS granted_by_name
      FROM held h JOIN users u ON u.id = h.user_id LEFT JOIN users g ON g.id = h.granted_by
     WHERE (:role::text IS NULL OR h.role = :role) AND (h.created_at, h.id) < (:before_at, :before_id)
       AND (:q::text IS NULL OR starts_with(lower(u.name), lower(:q)) OR starts_with(u.phone, :q) OR starts_with(u.phone, '+91' || :q))
     ORDER BY h.created_at DESC, h.id DESC LIMIT :rows
)
SELECT jsonb_build_object('access', CASE WHEN p.allowed THEN 'ok' ELSE 'forbidden' END,
                          'rows', (SELECT coalesce(jsonb_agg(to_jsonb(h) ORDER BY h.since DESC, h.id DESC), '[]') FROM page h))
  FROM place p
