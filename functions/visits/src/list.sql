-- :flat is null for all; from and to are instants (:from_at, :to_at) or what a society's clock shows (:from_clock,
-- :to_clock), or null; the page begins behind :before_at and :before_id
SELECT json_build_object(
           'access', CASE WHEN :flat::uuid IS NULL THEN 'ok' ELSE flat_access(me, :flat) END,
           'rows', coalesce((
               SELECT json_agg(json_build_object(
                          'id', x.id, 'visitor_id', x.visitor_id, 'guard_id', x.guard_id, 'checkin_time', x.checkin_time,
                          'checkout_time', x.checkout_time, 'checkin_method', x.checkin_method, 'notes', x.notes,
                          'visitor_name', v.visitor_name, 'phone', v.phone, 'vehicle_no', v.vehicle_no, 'purpose', v.purpose,
                          'flat_number', f.flat_number, 'block_name', b.name, 'guard_name', u.name)
                      ORDER BY x.checkin_time DESC, x.id DESC)
                 FROM visits_page(me, :flat, :from_at, :from_clock, :to_at, :to_clock, :before_at, :before_id, :rows) x
                 JOIN visitors v ON v.id = x.visitor_id
                 JOIN flats f ON f.id = x.flat_id
                 JOIN blocks b ON b.id = x.block_id
                 JOIN guards g ON g.id = x.guard_id
                 JOIN users u ON u.id = g.user_id), '[]'))
  FROM caller_scope(:caller) AS me
