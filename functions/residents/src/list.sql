-- :status is null for all; the page begins behind :before_at and :before_id
WITH me AS MATERIALIZED (
    SELECT s AS scope FROM caller_scope(:caller) AS s
), page AS (
    -- One index range for each scope, and the caller's own; a row that lies in two of them counts once.
    SELECT r.id, r.submitted_at FROM me, LATERAL (
        SELECT unnest((me.scope).admin_of) AS id WHERE NOT (me.scope).super_admin
        UNION ALL SELECT id FROM societies WHERE (me.scope).super_admin) s, LATERAL (
        SELECT id, submitted_at FROM resident_requests
         WHERE society_id = s.id AND (submitted_at, id) < (:before_at, :before_id) AND (:status::text IS NULL OR status = :status)
         ORDER BY submitted_at DESC, id DESC LIMIT :rows) r
    UNION
    SELECT r.id, r.submitted_at FROM me, unnest((me.scope).blocks) b (id), LATERAL (
        SELECT id, submitted_at FROM resident_requests
         WHERE block_id = b.id AND (submitted_at, id) < (:before_at, :before_id) AND (:status IS NULL OR status = :status)
         ORDER BY submitted_at DESC, id DESC LIMIT :rows) r
    UNION
    (SELECT id, submitted_at FROM resident_requests
      WHERE requesting_user_id = :caller AND (submitted_at, id) < (:before_at, :before_id) AND (:status IS NULL OR status = :status)
      ORDER BY submitted_at DESC, id DESC LIMIT :rows)
     ORDER BY submitted_at DESC, id DESC LIMIT :rows
)
SELECT to_jsonb(r) || jsonb_build_object(
           'requesting_user_name', u.name, 'requesting_user_phone', u.phone, 'flat_number', p.flat_number,
           'block_name', p.block_name, 'complex_name', p.complex_name, 'society_name', p.society_name)
  FROM page
  JOIN resident_requests r ON r.id = page.id
  JOIN users u ON u.id = r.requesting_user_id
  JOIN places p ON p.flat_id = r.flat_id
 ORDER BY r.submitted_at DESC, r.id DESC
