-- Redacts visitors whose time ended longer ago than their society keeps them, 180 days where it says nothing.
CREATE OR REPLACE FUNCTION strip_visitors(p_rows integer) RETURNS bigint LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (
        SELECT count(*) FROM (
            SELECT strip_visitor(v) FROM societies s, LATERAL (
                SELECT * FROM visitors
                 WHERE society_id = s.id AND stripped_at IS NULL AND status <> 'checked_in'
                   AND greatest(created_at, expected_start, expected_end, checkout_time)
                       < now() - make_interval(days => policy_number(s.id, 'visitor_retention_days', 180))
                 LIMIT p_rows
                   FOR NO KEY UPDATE SKIP LOCKED) v
             LIMIT p_rows) stripped);
END $$;
