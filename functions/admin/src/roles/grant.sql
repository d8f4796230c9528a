-- :scope is null for everything; of :user and :phone one is null; :id is the new role's
WITH place AS MATERIALIZED (
    SELECT 'global' AS scope_type, NULL::uuid AS society_id, NULL::text AS name, me.super_admin AS allowed
      FROM caller_scope(:caller) AS me WHERE :role::text = 'super_admin'
    UNION ALL
    SELECT 'society', s.id, s.name, me.super_admin OR s.id = ANY (me.admin_of)
      FROM caller_scope(:caller) AS me, societies s WHERE :role = 'society_admin' AND s.id = :scope AND has_part(me, s.id)
    UNION ALL
    SELECT 'block', c.society_id, b.name, me.super_admin OR c.society_id = ANY (me.admin_of)
      FROM caller_scope(:caller) AS me, blocks b JOIN complexes c ON c.id = b.complex_id
     WHERE :role = 'block_admin' AND b.id = :scope AND has_part(me, c.society_id)
), person AS MATERIALIZED (
    SELECT role_to_grant(:role, :scope, :user, :phone) AS found FROM place p WHERE p.allowed
), draft AS MATERIALIZED (
    -- Who holds it already is answered with what they hold.
    SELECT p.society_id, (o.found ->> 'user_id')::uuid AS user_id, o.found -> 'held' = 'null' AS is_new, jsonb_build_object(
               'id', coalesce(o.found #>> '{held,id}', :id::uuid::text), 'role', :role, 'scope_type', p.scope_type, 'scope_id', :scope::uuid,
               'scope_name', p.name, 'user_id', o.found -> 'user_id', 'name', o.found -> 'name', 'phone', o.found -> 'phone',
               'since', coalesce(o.found #> '{held,created_at}', to_jsonb(now())),
               'granted_by', CASE o.found -> 'held' WHEN 'null' THEN to_jsonb(:caller::uuid) ELSE o.found #> '{held,granted_by}' END,
               'granted_by_name', (SELECT u.name FROM users u WHERE u.id = CASE o.found -> 'held' WHEN 'null' THEN :caller
                                                                               ELSE (o.found #>> '{held,granted_by}')::uuid END)) AS answer
      FROM place p, person o WHERE o.found IS NOT NULL
), claim AS MATERIALIZED (
    SELECT c.* FROM draft d, claim_key(:caller, :method, :path, :key, :payload, d.answer) c
), made AS (
    INSERT INTO role_assignments (id, user_id, role, scope_type, scope_id, granted_by)
    SELECT :id, d.user_id, :role, d.answer ->> 'scope_type', :scope, :caller FROM draft d, claim c WHERE c.fresh AND d.is_new
    RETURNING id, user_id, role, scope_type, scope_id
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT :caller, 'role.grant', 'role', m.id, d.society_id, :request, jsonb_build_object('before', NULL, 'after', to_jsonb(m) - 'id')
      FROM made m, draft d
)
SELECT outcome(p.allowed, c.mismatch, c.fresh AND d.is_new, c.answer, jsonb_build_object('code', 'invalid', 'problem', CASE
           WHEN :phone::text IS NULL THEN jsonb_build_object('field', 'user_id', 'code', 'OUT_OF_RANGE', 'problem', 'must be that of a user',
               'sentence', 'Nobody has this user id.')
           ELSE jsonb_build_object('field', 'phone', 'code', 'OUT_OF_RANGE', 'problem', 'must be that of a user',
               'sentence', 'Nobody with this phone number has signed in yet. Please have them sign in once, and grant the role then.') END))
  FROM place p LEFT JOIN draft d ON true LEFT JOIN claim c ON true
