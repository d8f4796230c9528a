-- What is null stays
WITH target AS MATERIALIZED (
    -- The lock makes parallel changes come one after the other, so that each answer is what is stored.
    SELECT u.id, u.firebase_uid, u.phone, u.email, coalesce(:name, u.name) AS name, u.avatar_url, u.timezone,
           coalesce(:language, u.language) AS language, u.created_at
      FROM users u WHERE u.id = :caller
       FOR NO KEY UPDATE OF u
), claim AS MATERIALIZED (
    SELECT c.* FROM target t, claim_key(:caller, :method, :path, :key, :payload, to_jsonb(t)) c
), changed AS (
    UPDATE users u SET name = t.name, language = t.language, updated_at = now()
      FROM target t, claim c
     WHERE u.id = t.id AND c.fresh AND (u.name, u.language) IS DISTINCT FROM (t.name, t.language)
    RETURNING u.id
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, request_id)
    SELECT :caller, 'profile.change', 'user', id, :request FROM changed
)
SELECT outcome(true, c.mismatch, c.fresh, c.answer) FROM claim c
