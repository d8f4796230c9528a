-- :flat and :status are null for all; the page begins behind :before_at and :before_id
WITH me AS MATERIALIZED (
    SELECT s AS scope, CASE WHEN :flat::uuid IS NULL THEN 'ok' ELSE flat_access(s, :flat) END AS access FROM caller_scope(:caller) AS s
), scopes AS MATERIALIZED (
    SELECT l.kind, l.id, l.since FROM me, list_ranges(me.scope, :flat) l
), states AS MATERIALIZED (
    SELECT unnest(CASE WHEN :status::text IS NULL THEN '{pending,addressed,resolved}' ELSE ARRAY[:status] END) AS status
), page AS (
    -- One index range for each scope and state; a row that lies in two of them counts once.
    SELECT e.id, e.created_at FROM scopes s, states t, LATERAL (
        SELECT id, created_at FROM emergencies
         WHERE society_id = s.id AND status = t.status AND (created_at, id) < (:before_at, :before_id)
         ORDER BY created_at DESC, id DESC LIMIT :rows) e WHERE s.kind = 'society'
    UNION
    SELECT e.id, e.created_at FROM scopes s, states t, LATERAL (
        SELECT id, created_at FROM emergencies
         WHERE block_id = s.id AND status = t.status AND (created_at, id) < (:before_at, :before_id)
         ORDER BY created_at DESC, id DESC LIMIT :rows) e WHERE s.kind = 'block'
    UNION
    SELECT e.id, e.created_at FROM scopes s, states t, LATERAL (
        SELECT id, created_at FROM emergencies
         WHERE flat_id = s.id AND status = t.status AND created_at >= s.since AND (created_at, id) < (:before_at, :before_id)
         ORDER BY created_at DESC, id DESC LIMIT :rows) e WHERE s.kind = 'flat'
     ORDER BY created_at DESC, id DESC LIMIT :rows
)
SELECT jsonb_build_object('access', me.access, 'rows', coalesce((
    SELECT jsonb_agg(l.answer ORDER BY page.created_at DESC, page.id DESC)
      FROM page, LATERAL (
          -- OFFSET has each row looked up by itself: the planner expects a long page, and would read the tables whole.
          SELECT emergency_answer(e) || jsonb_build_object(
                     'reported_by_name', u.name,
                     'reported_by_phone', shown_phone(me.scope, e.society_id, e.block_id, e.flat_id, u.phone),
                     'addressed_by_user_id', a.user_id, 'resolved_by_user_id', r.user_id) AS answer
            FROM emergencies e
            JOIN users u ON u.id = e.reported_by_user_id
            LEFT JOIN guards a ON a.id = e.addressed_by_guard_id
            LEFT JOIN guards r ON r.id = e.resolved_by_guard_id
           WHERE e.id = page.id OFFSET 0) l), '[]'))
  FROM me
