-- The visitors of a society, a block or a flat of a period, from the newest before a cursor on. Each kind of range, and whether
-- a state is asked for that few are in, has a statement and a kept plan of its own, which reads one range of one index;
-- `status <> 'checked_out'` is what says so of the index of those states.
CREATE OR REPLACE FUNCTION visitors_range(p_kind text, p_id uuid, p_status text, p_starts timestamptz, p_ends timestamptz,
                                          p_before timestamptz, p_before_id uuid, p_rows bigint)
RETURNS SETOF visitors LANGUAGE plpgsql STABLE ROWS 100 AS $$
BEGIN
    IF p_status <> 'checked_out' AND p_kind = 'society' THEN
        RETURN QUERY SELECT * FROM visitors v
         WHERE v.society_id = p_id AND v.status = p_status AND v.status <> 'checked_out' AND v.hidden_at IS NULL
           AND v.created_at >= p_starts AND v.created_at < p_ends AND (v.created_at, v.id) < (p_before, p_before_id)
         ORDER BY v.created_at DESC, v.id DESC LIMIT p_rows;
    ELSIF p_status <> 'checked_out' AND p_kind = 'flat' THEN
        RETURN QUERY SELECT * FROM visitors v
         WHERE v.flat_id = p_id AND v.status = p_status AND v.status <> 'checked_out' AND v.hidden_at IS NULL
           AND v.created_at >= p_starts AND v.created_at < p_ends AND (v.created_at, v.id) < (p_before, p_before_id)
         ORDER BY v.created_at DESC, v.id DESC LIMIT p_rows;
    ELSIF p_status <> 'checked_out' THEN
        -- A block is its flats.
        RETURN QUERY SELECT v.* FROM flats f, LATERAL visitors_range('flat', f.id, p_status, p_starts, p_ends, p_before, p_before_id, p_rows) v
         WHERE f.block_id = p_id ORDER BY v.created_at DESC, v.id DESC LIMIT p_rows;
    ELSIF p_kind = 'society' THEN
        RETURN QUERY SELECT * FROM visitors v
         WHERE v.society_id = p_id AND v.status = coalesce(p_status, v.status) AND v.hidden_at IS NULL
           AND v.created_at >= p_starts AND v.created_at < p_ends AND (v.created_at, v.id) < (p_before, p_before_id)
         ORDER BY v.created_at DESC, v.id DESC LIMIT p_rows;
    ELSIF p_kind = 'flat' THEN
        RETURN QUERY SELECT * FROM visitors v
         WHERE v.flat_id = p_id AND v.status = coalesce(p_status, v.status) AND v.hidden_at IS NULL
           AND v.created_at >= p_starts AND v.created_at < p_ends AND (v.created_at, v.id) < (p_before, p_before_id)
         ORDER BY v.created_at DESC, v.id DESC LIMIT p_rows;
    ELSE
        RETURN QUERY SELECT * FROM visitors v
         WHERE v.block_id = p_id AND v.status = coalesce(p_status, v.status) AND v.hidden_at IS NULL
           AND v.created_at >= p_starts AND v.created_at < p_ends AND (v.created_at, v.id) < (p_before, p_before_id)
         ORDER BY v.created_at DESC, v.id DESC LIMIT p_rows;
    END IF;
END $$;
