-- Makes somebody a super admin, by :uid, Firebase's id of them, or by their :phone, of which one is null. Answers 'granted',
-- 'held' where they are one, or 'unknown'
WITH person AS MATERIALIZED (
    SELECT u.id FROM users u WHERE u.firebase_uid = :uid OR u.phone = :phone
     ORDER BY u.phone_verified_at DESC NULLS LAST, u.created_at DESC, u.id LIMIT 1
       FOR NO KEY UPDATE
), made AS (
    INSERT INTO role_assignments (user_id, role, scope_type) SELECT id, 'super_admin', 'global' FROM person
    RETURNING id, user_id, role, scope_type, scope_id
), audited AS (
    INSERT INTO audit_logs (action, resource_type, resource_id, details)
    SELECT 'role.grant', 'role', m.id, jsonb_build_object('before', NULL, 'after', to_jsonb(m) - 'id') FROM made m
)
SELECT CASE WHEN EXISTS (SELECT FROM made) THEN 'granted' WHEN EXISTS (SELECT FROM person) THEN 'held' ELSE 'unknown' END
