-- :flat is null for all; from and to are instants (:from_at, :to_at) or what a society's clock shows (:from_clock,
-- :to_clock), or null; the page begins behind :before_at and :before_id
WITH me AS MATERIALIZED (
    SELECT s AS scope, CASE WHEN :flat::uuid IS NULL THEN 'ok' ELSE flat_access(s, :flat) END AS access FROM caller_scope(:caller) AS s
), scopes AS MATERIALIZED (
    SELECT l.kind, l.id, greatest(society_time(:from_at, :from_clock, l.timezone), l.since) AS starts,
           coalesce(society_time(:to_at, :to_clock, l.timezone), 'infinity') AS ends
      FROM me, list_ranges(me.scope, :flat) l
), page AS (
    -- One index range for each scope; a row that lies in two of them counts once.
    SELECT v.id, v.checkin_time FROM scopes s, LATERAL (
        SELECT id, checkin_time FROM visits
         WHERE society_id = s.id AND checkin_time >= s.starts AND checkin_time < s.ends
           AND checkin_time <= :before_at AND (checkin_time, id) < (:before_at, :before_id)
         ORDER BY checkin_time DESC, id DESC LIMIT :rows) v WHERE s.kind = 'society'
    UNION
    SELECT v.id, v.checkin_time FROM scopes s, LATERAL (
        SELECT id, checkin_time FROM visits
         WHERE block_id = s.id AND checkin_time >= s.starts AND checkin_time < s.ends
           AND checkin_time <= :before_at AND (checkin_time, id) < (:before_at, :before_id)
         ORDER BY checkin_time DESC, id DESC LIMIT :rows) v WHERE s.kind = 'block'
    UNION
    SELECT v.id, v.checkin_time FROM scopes s, LATERAL (
        SELECT id, checkin_time FROM visits
         WHERE flat_id = s.id AND checkin_time >= s.starts AND checkin_time < s.ends
           AND checkin_time <= :before_at AND (checkin_time, id) < (:before_at, :before_id)
         ORDER BY checkin_time DESC, id DESC LIMIT :rows) v WHERE s.kind = 'flat'
     ORDER BY checkin_time DESC, id DESC LIMIT :rows
)
SELECT jsonb_build_object('access', me.access, 'rows', coalesce((
    SELECT jsonb_agg(jsonb_build_object(
               'id', x.id, 'visitor_id', x.visitor_id, 'guard_id', x.guard_id, 'checkin_time', x.checkin_time,
               'checkout_time', x.checkout_time, 'checkin_method', x.checkin_method, 'notes', x.notes,
               'visitor_name', v.visitor_name, 'phone', v.phone, 'vehicle_no', v.vehicle_no, 'purpose', v.purpose,
               'flat_number', f.flat_number, 'block_name', b.name, 'guard_name', u.name)
           ORDER BY x.checkin_time DESC, x.id DESC)
      FROM page
      JOIN visits x ON x.id = page.id AND x.checkin_time = page.checkin_time
      JOIN visitors v ON v.id = x.visitor_id
      JOIN flats f ON f.id = x.flat_id
      JOIN blocks b ON b.id = x.block_id
      JOIN guards g ON g.id = x.guard_id
      JOIN users u ON u.id = g.user_id), '[]'))
  FROM me
