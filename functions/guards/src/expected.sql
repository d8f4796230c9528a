-- :day is null for today; the page begins behind :before_at and :before_id
WITH place AS MATERIALIZED (
    SELECT s.id, me.super_admin OR s.id = ANY (me.guard_of || me.admin_of) AS whole, me.blocks, d.day,
           d.day::timestamp AT TIME ZONE s.timezone AS starts, (d.day + 1)::timestamp AT TIME ZONE s.timezone AS ends,
           EXISTS (SELECT FROM blocks b JOIN complexes c ON c.id = b.complex_id
                    WHERE c.society_id = s.id AND b.id = ANY (me.blocks)) AS some
      FROM caller_scope(:caller) AS me, societies s, LATERAL (SELECT coalesce(:day, (now() AT TIME ZONE s.timezone)::date)) AS d (day)
     WHERE s.id = :society AND has_part(me, s.id)
)
SELECT json_build_object('access', CASE WHEN p.whole OR p.some THEN 'ok' ELSE 'forbidden' END, 'rows', json_build_object(
           'date', p.day, 'visitors', coalesce((
               SELECT json_agg(to_json(s) ORDER BY s.expected_start DESC, s.id DESC)
                 FROM expected_page(p.id, CASE WHEN NOT p.whole THEN p.blocks END, p.starts, p.ends, :before_at, :before_id, :rows) v,
                      LATERAL shown_visitor(v) s
                WHERE p.whole OR p.some), '[]')))
  FROM place p
