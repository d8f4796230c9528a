-- Tells guards of one society what is due, so that a room that is held keeps no other society waiting; answers the events,
-- and the seconds until the next is due, 0 where another society's is.
CREATE OR REPLACE FUNCTION tell_due_delivery(p_limit integer) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_now      timestamptz := clock_timestamp();
    v_society  uuid;
    v_visitors uuid[];
    v_events   jsonb := '[]';
BEGIN
    SELECT t.society_id INTO v_society FROM delivery_tellings t WHERE t.due_at <= v_now
     ORDER BY t.due_at LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF FOUND THEN
        v_visitors := ARRAY(
            SELECT t.visitor_id FROM delivery_tellings t WHERE t.due_at <= v_now AND t.society_id IS NOT DISTINCT FROM v_society
             ORDER BY t.due_at LIMIT p_limit FOR UPDATE SKIP LOCKED);
        UPDATE delivery_tellings SET told_at = clock_timestamp(), due_at = NULL WHERE visitor_id = ANY (v_visitors);
        v_events := emit_delivery(v_visitors);
    END IF;
    DELETE FROM delivery_tellings WHERE visitor_id IN (
        SELECT visitor_id FROM delivery_tellings WHERE due_at IS NULL AND told_at < clock_timestamp() - interval '1 minute'
         ORDER BY told_at LIMIT p_limit FOR UPDATE SKIP LOCKED);
    RETURN jsonb_build_object('events', v_events, 'wait_seconds', coalesce(
        (SELECT 0 FROM (SELECT FROM delivery_tellings WHERE due_at <= v_now LIMIT 1 FOR UPDATE SKIP LOCKED) more),
        -- One that is due still is another's at the moment.
        (SELECT greatest(0.1, extract(epoch FROM due_at - clock_timestamp())) FROM delivery_tellings
          WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1)));
END $$;
