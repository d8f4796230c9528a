-- Tells what was put off and is due; answers the events, and the seconds until the next is due.
CREATE OR REPLACE FUNCTION tell_due_delivery(p_limit integer) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_visitors uuid[] := ARRAY(
        SELECT visitor_id FROM delivery_tellings WHERE due_at <= clock_timestamp()
         ORDER BY due_at LIMIT p_limit FOR UPDATE SKIP LOCKED);
    v_events   jsonb;
BEGIN
    UPDATE delivery_tellings SET told_at = clock_timestamp(), due_at = NULL WHERE visitor_id = ANY (v_visitors);
    DELETE FROM delivery_tellings WHERE visitor_id IN (
        SELECT visitor_id FROM delivery_tellings WHERE due_at IS NULL AND told_at < clock_timestamp() - interval '1 minute'
         ORDER BY told_at LIMIT p_limit FOR UPDATE SKIP LOCKED);
    v_events := emit_delivery(v_visitors);
    RETURN jsonb_build_object('events', v_events, 'wait_seconds', (
        -- One that is due still is another's at the moment.
        SELECT greatest(0.1, extract(epoch FROM due_at - clock_timestamp())) FROM delivery_tellings
         WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1));
END $$;
