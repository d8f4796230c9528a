-- $1 caller, $2 status, $3/$4 cursor, $5 rows
WITH me AS MATERIALIZED (
    SELECT s AS scope FROM caller_scope($1) AS s
), page AS (
    -- One index range for each scope, and the caller's own; a row that lies in two of them counts once.
    SELECT r.id, r.submitted_at FROM me, societies s, LATERAL (
        SELECT id, submitted_at FROM resident_requests
         WHERE society_id = s.id AND (submitted_at, id) < ($3, $4) AND ($2 IS NULL OR status = $2)
         ORDER BY submitted_at DESC, id DESC LIMIT $5) r
     WHERE (me.scope).super_admin OR s.id = ANY ((me.scope).admin_of)
    UNION
    SELECT r.id, r.submitted_at FROM me, unnest((me.scope).blocks) b (id), LATERAL (
        SELECT id, submitted_at FROM resident_requests
         WHERE block_id = b.id AND (submitted_at, id) < ($3, $4) AND ($2 IS NULL OR status = $2)
         ORDER BY submitted_at DESC, id DESC LIMIT $5) r
    UNION
    (SELECT id, submitted_at FROM resident_requests
      WHERE requesting_user_id = $1 AND (submitted_at, id) < ($3, $4) AND ($2 IS NULL OR status = $2)
      ORDER BY submitted_at DESC, id DESC LIMIT $5)
     ORDER BY submitted_at DESC, id DESC LIMIT $5
)
SELECT to_jsonb(r) || jsonb_build_object(
           'requesting_user_name', u.name, 'requesting_user_phone', u.phone, 'flat_number', p.flat_number,
           'block_name', p.block_name, 'complex_name', p.complex_name, 'society_name', p.society_name)
  FROM page
  JOIN resident_requests r ON r.id = page.id
  JOIN users u ON u.id = r.requesting_user_id
  JOIN places p ON p.flat_id = r.flat_id
 ORDER BY r.submitted_at DESC, r.id DESC
