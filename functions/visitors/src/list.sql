-- :flat and :status are null for all; from and to are instants (:from_at, :to_at) or what a society's clock shows
-- (:from_clock, :to_clock), or null; the page begins behind :before_at and :before_id
WITH me AS MATERIALIZED (
    SELECT s AS scope, CASE WHEN :flat::uuid IS NULL THEN 'ok' ELSE flat_access(s, :flat) END AS access FROM caller_scope(:caller) AS s
), scopes AS MATERIALIZED (
    SELECT l.kind, l.id, greatest(society_time(:from_at, :from_clock, l.timezone), l.since) AS starts,
           coalesce(society_time(:to_at, :to_clock, l.timezone), 'infinity') AS ends
      FROM me, list_ranges(me.scope, :flat) l
), page AS (
    -- One index range for each scope; a row that lies in two of them counts once.
    SELECT v.id, v.created_at FROM scopes s, LATERAL (
        SELECT id, created_at FROM visitors
         WHERE society_id = s.id AND created_at >= s.starts AND created_at < s.ends AND (created_at, id) < (:before_at, :before_id)
           AND hidden_at IS NULL AND (:status::text IS NULL OR status = :status)
         ORDER BY created_at DESC, id DESC LIMIT :rows) v WHERE s.kind = 'society'
    UNION
    SELECT v.id, v.created_at FROM scopes s, LATERAL (
        SELECT id, created_at FROM visitors
         WHERE block_id = s.id AND created_at >= s.starts AND created_at < s.ends AND (created_at, id) < (:before_at, :before_id)
           AND hidden_at IS NULL AND (:status IS NULL OR status = :status)
         ORDER BY created_at DESC, id DESC LIMIT :rows) v WHERE s.kind = 'block'
    UNION
    SELECT v.id, v.created_at FROM scopes s, LATERAL (
        SELECT id, created_at FROM visitors
         WHERE flat_id = s.id AND created_at >= s.starts AND created_at < s.ends AND (created_at, id) < (:before_at, :before_id)
           AND hidden_at IS NULL AND (:status IS NULL OR status = :status)
         ORDER BY created_at DESC, id DESC LIMIT :rows) v WHERE s.kind = 'flat'
     ORDER BY created_at DESC, id DESC LIMIT :rows
)
SELECT jsonb_build_object('access', me.access, 'rows', coalesce((
    SELECT jsonb_agg(listed_visitor(v) ORDER BY v.created_at DESC, v.id DESC)
      FROM page JOIN visitors v ON v.id = page.id), '[]'))
  FROM me
