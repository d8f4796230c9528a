-- A page of who is expected in a society, or with p_blocks in those of its blocks, in a day's time, the latest first. A pass
-- counts on each day of its window; none is longer than a year, and few are longer than a day: those have an index of their own.
CREATE OR REPLACE FUNCTION expected_page(p_society uuid, p_blocks uuid[], p_starts timestamptz, p_ends timestamptz,
                                         p_before timestamptz, p_before_id uuid, p_rows bigint)
RETURNS SETOF visitors LANGUAGE plpgsql STABLE ROWS 100 AS $$
BEGIN
    RETURN QUERY
    (SELECT * FROM visitors v
      WHERE v.society_id = p_society AND (p_blocks IS NULL OR v.block_id = ANY (p_blocks))
        AND v.expected_start < p_ends AND v.expected_start >= p_starts - interval '24 hours'
        AND coalesce(v.expected_end, v.expected_start) >= p_starts AND (v.expected_start, v.id) < (p_before, p_before_id)
        AND (v.expected_end - v.expected_start > interval '24 hours') IS NOT TRUE
        AND v.status <> 'denied' AND v.hidden_at IS NULL
      ORDER BY v.expected_start DESC, v.id DESC LIMIT p_rows)
    UNION ALL
    (SELECT * FROM visitors v
      WHERE v.society_id = p_society AND (p_blocks IS NULL OR v.block_id = ANY (p_blocks))
        AND v.expected_start < p_ends AND v.expected_start >= p_starts - interval '1 year'
        AND v.expected_end >= p_starts AND v.expected_end < p_ends + interval '1 year'
        AND v.expected_end - v.expected_start > interval '24 hours' AND (v.expected_start, v.id) < (p_before, p_before_id)
        AND v.status <> 'denied' AND v.hidden_at IS NULL
      ORDER BY v.expected_start DESC, v.id DESC LIMIT p_rows)
     ORDER BY 20 DESC LIMIT p_rows;
END $$;
