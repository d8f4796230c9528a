-- A page of a caller's visits, newest first; one that lies in two of their ranges stands there once.
CREATE OR REPLACE FUNCTION visits_page(me scope, p_flat uuid, p_from timestamptz, p_from_clock timestamp, p_to timestamptz,
                                       p_to_clock timestamp, p_before timestamptz, p_before_id uuid, p_rows bigint)
RETURNS SETOF visits LANGUAGE plpgsql STABLE ROWS 100 AS $$
BEGIN
    RETURN QUERY
    SELECT DISTINCT ON (v.checkin_time, v.id) v.*
      FROM list_ranges(me, p_flat) l, LATERAL visits_range(
               l.kind, l.id, greatest(society_time(p_from, p_from_clock, l.timezone), l.since),
               coalesce(society_time(p_to, p_to_clock, l.timezone), 'infinity'), p_before, p_before_id, p_rows) v
     ORDER BY v.checkin_time DESC, v.id DESC LIMIT p_rows;
END $$;
