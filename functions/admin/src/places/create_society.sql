-- :slug and :address may be null; :id is the new society's
WITH draft AS MATERIALIZED (
    SELECT me.super_admin AS allowed, is_time_zone(:timezone) AS is_zone, jsonb_build_object(
               'id', :id::uuid, 'name', :name::text, 'slug', :slug::text, 'city', :city::text, 'address', :address::text,
               'timezone', :timezone::text, 'created_at', now()) AS answer
      FROM caller_scope(:caller) AS me
), claim AS MATERIALIZED (
    SELECT c.* FROM draft d, claim_key(:caller, :method, :path, :key, :payload, CASE WHEN d.is_zone THEN d.answer END) c
     WHERE d.allowed
), made AS (
    INSERT INTO societies (id, name, slug, city, address, timezone)
    SELECT :id, :name, :slug, :city, :address, :timezone FROM claim c WHERE c.fresh
    RETURNING id, name, slug, city, address, timezone
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT :caller, 'society.create', 'society', m.id, m.id, :request, jsonb_build_object('before', NULL, 'after', to_jsonb(m) - 'id')
      FROM made m
)
SELECT outcome(d.allowed, c.mismatch, c.fresh, c.answer, jsonb_build_object('code', 'invalid', 'problem', jsonb_build_object(
                   'field', 'timezone', 'code', 'WRONG_FORMAT', 'problem', 'must be a time zone such as Asia/Kolkata')))
  FROM draft d LEFT JOIN claim c ON true
