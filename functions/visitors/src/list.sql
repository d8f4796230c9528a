-- :flat and :status are null for all; from and to are instants (:from_at, :to_at) or what a society's clock shows
-- (:from_clock, :to_clock), or null; the page begins behind :before_at and :before_id
SELECT json_build_object(
           'access', CASE WHEN :flat::uuid IS NULL THEN 'ok' ELSE flat_access(me, :flat) END,
           'rows', coalesce((
               SELECT json_agg(to_json(s) ORDER BY s.created_at DESC, s.id DESC)
                 FROM visitors_page(me, :flat, :status, :from_at, :from_clock, :to_at, :to_clock, :before_at, :before_id, :rows) v, LATERAL shown_visitor(v) s), '[]'))
  FROM caller_scope(:caller) AS me
