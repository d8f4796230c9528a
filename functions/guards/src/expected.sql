-- :day is null for today; the page begins behind :before_at and :before_id
WITH place AS MATERIALIZED (
    SELECT s.id, me.super_admin OR s.id = ANY (me.guard_of || me.admin_of) AS whole, me.blocks, d.day,
           d.day::timestamp AT TIME ZONE s.timezone AS starts, (d.day + 1)::timestamp AT TIME ZONE s.timezone AS ends,
           EXISTS (SELECT FROM blocks b JOIN complexes c ON c.id = b.complex_id
                    WHERE c.society_id = s.id AND b.id = ANY (me.blocks)) AS some
      FROM caller_scope(:caller) AS me, societies s, LATERAL (SELECT coalesce(:day, (now() AT TIME ZONE s.timezone)::date)) AS d (day)
     WHERE s.id = :society AND has_part(me, s.id)
), page AS MATERIALIZED (
    -- A pass counts on each day of its window; none is longer than a year.
    SELECT v.id FROM place p, LATERAL (
        SELECT id, expected_start FROM visitors
         WHERE society_id = p.id AND (p.whole OR block_id = ANY (p.blocks))
           AND expected_start < p.ends AND expected_start >= p.starts - interval '1 year'
           AND coalesce(expected_end, expected_start) >= p.starts AND (expected_start, id) < (:before_at, :before_id)
           AND status <> 'denied' AND hidden_at IS NULL
         ORDER BY expected_start DESC, id DESC LIMIT :rows) v
     WHERE p.whole OR p.some
)
SELECT jsonb_build_object('access', CASE WHEN p.whole OR p.some THEN 'ok' ELSE 'forbidden' END, 'rows', jsonb_build_object(
           'date', p.day, 'visitors', coalesce((
               SELECT jsonb_agg(listed_visitor(v) ORDER BY v.expected_start DESC, v.id DESC)
                 FROM page JOIN visitors v ON v.id = page.id), '[]')))
  FROM place p
