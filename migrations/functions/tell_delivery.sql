-- Tells how far the questions about these visitors have come, but once a second for a visitor at most: what comes
-- sooner is put off until then, and told by `tell_due_delivery`. All rows come before all rooms, so that no two
-- statements wait for each other.
CREATE OR REPLACE FUNCTION tell_delivery(p_visitors uuid[]) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_visitors uuid[];
BEGIN
    PERFORM alone('delivery:' || v) FROM unnest(p_visitors) AS v;
    WITH noted AS (
        INSERT INTO delivery_tellings AS t (visitor_id, society_id, told_at)
        SELECT v.id, v.society_id, clock_timestamp() FROM visitors v WHERE v.id = ANY (p_visitors) ORDER BY v.id
        ON CONFLICT (visitor_id) DO UPDATE
           SET due_at = CASE WHEN t.told_at > clock_timestamp() - interval '1 second' THEN t.told_at + interval '1 second' END,
               told_at = CASE WHEN t.told_at > clock_timestamp() - interval '1 second' THEN t.told_at ELSE clock_timestamp() END
        RETURNING visitor_id, due_at)
    SELECT array_agg(visitor_id) INTO v_visitors FROM noted WHERE due_at IS NULL;
    RETURN emit_delivery(v_visitors);
END $$;
