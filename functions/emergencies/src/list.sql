-- $1 caller, $2 flat, $3 status, $4/$5 cursor, $6 rows
WITH me AS MATERIALIZED (
    SELECT s AS scope, CASE WHEN $2 IS NULL THEN 'ok' ELSE flat_access(s, $2) END AS access FROM caller_scope($1) AS s
), scopes AS MATERIALIZED (
    SELECT l.kind, l.id, l.since FROM me, list_ranges(me.scope, $2) l
), page AS (
    -- One index range for each scope; a row that lies in two of them counts once.
    SELECT e.id, e.created_at FROM scopes s, LATERAL (
        SELECT id, created_at FROM emergencies
         WHERE society_id = s.id AND (created_at, id) < ($4, $5) AND ($3 IS NULL OR status = $3)
         ORDER BY created_at DESC, id DESC LIMIT $6) e WHERE s.kind = 'society'
    UNION
    SELECT e.id, e.created_at FROM scopes s, LATERAL (
        SELECT id, created_at FROM emergencies
         WHERE block_id = s.id AND (created_at, id) < ($4, $5) AND ($3 IS NULL OR status = $3)
         ORDER BY created_at DESC, id DESC LIMIT $6) e WHERE s.kind = 'block'
    UNION
    SELECT e.id, e.created_at FROM scopes s, LATERAL (
        SELECT id, created_at FROM emergencies
         WHERE flat_id = s.id AND created_at >= s.since AND (created_at, id) < ($4, $5) AND ($3 IS NULL OR status = $3)
         ORDER BY created_at DESC, id DESC LIMIT $6) e WHERE s.kind = 'flat'
     ORDER BY created_at DESC, id DESC LIMIT $6
)
SELECT jsonb_build_object('access', me.access, 'rows', coalesce((
    SELECT jsonb_agg(emergency_answer(e) || jsonb_build_object(
               'reported_by_name', u.name,
               'reported_by_phone', shown_phone(me.scope, e.society_id, e.block_id, e.flat_id, u.phone),
               'addressed_by_user_id', a.user_id, 'resolved_by_user_id', r.user_id)
           ORDER BY e.created_at DESC, e.id DESC)
      FROM page
      JOIN emergencies e ON e.id = page.id
      JOIN users u ON u.id = e.reported_by_user_id
      LEFT JOIN guards a ON a.id = e.addressed_by_guard_id
      LEFT JOIN guards r ON r.id = e.resolved_by_guard_id), '[]'))
  FROM me
