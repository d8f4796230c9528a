-- The visits of a society, a block or a flat of a period, from the newest before a cursor on. It goes back in time by windows
-- of months, each twice as long as the one before, until a page is full, so it reads the few partitions that hold one. A
-- window is planned when it is asked (EXECUTE): only then are the partitions outside of it known, while a plan that is kept
-- opens all of them.
CREATE OR REPLACE FUNCTION visits_range(p_kind text, p_id uuid, p_starts timestamptz, p_ends timestamptz, p_before timestamptz,
                                        p_before_id uuid, p_rows bigint)
RETURNS SETOF visits LANGUAGE plpgsql STABLE ROWS 100 AS $$
DECLARE
    v_until  timestamptz := p_ends;
    v_since  timestamptz := date_trunc('month', least(p_ends, p_before, now()), 'UTC');
    v_months integer := 1;
    v_left   bigint := p_rows;
    v_found  bigint;
BEGIN
    LOOP
        RETURN QUERY EXECUTE format(
            'SELECT * FROM visits
              WHERE %I = $1 AND checkin_time >= $2 AND checkin_time < $3 AND checkin_time <= $4 AND (checkin_time, id) < ($4, $5)
              ORDER BY checkin_time DESC, id DESC LIMIT $6', CASE p_kind WHEN 'society' THEN 'society_id' WHEN 'block' THEN 'block_id' ELSE 'flat_id' END)
            USING p_id, greatest(v_since, p_starts), v_until, p_before, p_before_id, v_left;
        GET DIAGNOSTICS v_found = ROW_COUNT;
        v_left := v_left - v_found;
        EXIT WHEN v_left = 0 OR v_since <= p_starts;
        v_until := v_since;
        v_months := v_months * 2;
        v_since := CASE WHEN v_months <= 16 THEN v_since - make_interval(months => v_months) ELSE '-infinity' END;
    END LOOP;
END $$;
