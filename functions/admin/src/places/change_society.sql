-- What is null stays
WITH place AS MATERIALIZED (
    SELECT s.id, me.super_admin OR s.id = ANY (me.admin_of) AS allowed
      FROM caller_scope(:caller) AS me, societies s WHERE s.id = :society AND has_part(me, s.id)
), target AS MATERIALIZED (
    -- The lock waits for a parallel change and shows what it left.
    SELECT s.* FROM place p JOIN societies s ON s.id = p.id WHERE p.allowed FOR NO KEY UPDATE OF s
), wish AS MATERIALIZED (
    SELECT t.id, coalesce(:name, t.name) AS name, coalesce(:slug, t.slug) AS slug, coalesce(:city, t.city) AS city,
           coalesce(:address, t.address) AS address, coalesce(:timezone, t.timezone) AS timezone, t.created_at
      FROM target t
), claim AS MATERIALIZED (
    SELECT c.* FROM wish w, claim_key(:caller, :method, :path, :key, :payload, CASE WHEN is_time_zone(w.timezone) THEN to_jsonb(w) END) c
), changed AS (
    UPDATE societies s SET name = w.name, slug = w.slug, city = w.city, address = w.address, timezone = w.timezone
      FROM wish w, claim c
     WHERE s.id = w.id AND c.fresh
       AND (s.name, s.slug, s.city, s.address, s.timezone) IS DISTINCT FROM (w.name, w.slug, w.city, w.address, w.timezone)
    RETURNING s.id
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT :caller, 'society.change', 'society', d.id, d.id, :request, jsonb_build_object(
               'before', to_jsonb(t) - '{id,created_at}'::text[], 'after', to_jsonb(w) - '{id,created_at}'::text[])
      FROM changed d, target t, wish w
)
SELECT outcome(p.allowed, c.mismatch, c.fresh, c.answer, jsonb_build_object('code', 'invalid', 'problem', jsonb_build_object(
                   'field', 'timezone', 'code', 'WRONG_FORMAT', 'problem', 'must be a time zone such as Asia/Kolkata')))
  FROM place p LEFT JOIN claim c ON true
