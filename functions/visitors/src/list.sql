-- $1 caller, $2 flat, $3 status, $4/$5 from (instant/clock), $6/$7 to (instant/clock), $8/$9 cursor, $10 rows
WITH me AS MATERIALIZED (
    SELECT s AS scope, CASE WHEN $2 IS NULL THEN 'ok' ELSE flat_access(s, $2) END AS access FROM caller_scope($1) AS s
), scopes AS MATERIALIZED (
    SELECT l.kind, l.id, greatest(society_time($4, $5, l.timezone), l.since) AS starts,
           coalesce(society_time($6, $7, l.timezone), 'infinity') AS ends
      FROM me, list_ranges(me.scope, $2) l
), page AS (
    -- One index range for each scope; a row that lies in two of them counts once.
    SELECT v.id, v.created_at FROM scopes s, LATERAL (
        SELECT id, created_at FROM visitors
         WHERE society_id = s.id AND created_at >= s.starts AND created_at < s.ends AND (created_at, id) < ($8, $9)
           AND hidden_at IS NULL AND ($3 IS NULL OR status = $3)
         ORDER BY created_at DESC, id DESC LIMIT $10) v WHERE s.kind = 'society'
    UNION
    SELECT v.id, v.created_at FROM scopes s, LATERAL (
        SELECT id, created_at FROM visitors
         WHERE block_id = s.id AND created_at >= s.starts AND created_at < s.ends AND (created_at, id) < ($8, $9)
           AND hidden_at IS NULL AND ($3 IS NULL OR status = $3)
         ORDER BY created_at DESC, id DESC LIMIT $10) v WHERE s.kind = 'block'
    UNION
    SELECT v.id, v.created_at FROM scopes s, LATERAL (
        SELECT id, created_at FROM visitors
         WHERE flat_id = s.id AND created_at >= s.starts AND created_at < s.ends AND (created_at, id) < ($8, $9)
           AND hidden_at IS NULL AND ($3 IS NULL OR status = $3)
         ORDER BY created_at DESC, id DESC LIMIT $10) v WHERE s.kind = 'flat'
     ORDER BY created_at DESC, id DESC LIMIT $10
)
SELECT jsonb_build_object('access', me.access, 'rows', coalesce((
    SELECT jsonb_agg(listed_visitor(v) ORDER BY v.created_at DESC, v.id DESC)
      FROM page JOIN visitors v ON v.id = page.id), '[]'))
  FROM me
