-- :status is null for all; the page begins behind :before_at and :before_id
WITH me AS MATERIALIZED (
    SELECT s AS scope FROM caller_scope(:caller) AS s
), states AS MATERIALIZED (
    SELECT unnest(CASE WHEN :status::text IS NULL THEN '{pending,approved,rejected}' ELSE ARRAY[:status] END) AS status
), page AS (
    -- One index range for each scope and state, and the caller's own, which are few; a row that lies in two of them counts once.
    SELECT r.id, r.submitted_at FROM me, LATERAL (
        SELECT unnest((me.scope).admin_of) AS id WHERE NOT (me.scope).super_admin
        UNION ALL SELECT id FROM societies WHERE (me.scope).super_admin) s, states t, LATERAL (
        SELECT id, submitted_at FROM resident_requests
         WHERE society_id = s.id AND status = t.status AND (submitted_at, id) < (:before_at, :before_id)
         ORDER BY submitted_at DESC, id DESC LIMIT :rows) r
    UNION
    SELECT r.id, r.submitted_at FROM me, unnest((me.scope).blocks) b (id), states t, LATERAL (
        SELECT id, submitted_at FROM resident_requests
         WHERE block_id = b.id AND status = t.status AND (submitted_at, id) < (:before_at, :before_id)
         ORDER BY submitted_at DESC, id DESC LIMIT :rows) r
    UNION
    (SELECT id, submitted_at FROM resident_requests
      WHERE requesting_user_id = :caller AND (submitted_at, id) < (:before_at, :before_id) AND (:status IS NULL OR status = :status)
      ORDER BY submitted_at DESC, id DESC LIMIT :rows)
     ORDER BY submitted_at DESC, id DESC LIMIT :rows
)
SELECT l.answer
  FROM page, LATERAL (
      -- OFFSET has each row looked up by itself: the planner expects a long page, and would read the tables whole.
      SELECT to_jsonb(r) || jsonb_build_object(
                 'requesting_user_name', u.name, 'requesting_user_phone', u.phone, 'flat_number', p.flat_number,
                 'block_name', p.block_name, 'complex_name', p.complex_name, 'society_name', p.society_name) AS answer
        FROM resident_requests r
        JOIN users u ON u.id = r.requesting_user_id
        JOIN places p ON p.flat_id = r.flat_id
       WHERE r.id = page.id OFFSET 0) l
 ORDER BY page.submitted_at DESC, page.id DESC
