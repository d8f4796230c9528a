-- Tells how far the questions about these visitors have come; answers the events. Societies in order, so that no two
-- statements wait for each other. A society whose room is held keeps no other waiting: its news are put off.
CREATE OR REPLACE FUNCTION emit_delivery(p_visitors uuid[]) RETURNS jsonb LANGUAGE plpgsql VOLATILE SET lock_timeout = '100ms' AS $$
DECLARE
    v        visitors;
    v_held   uuid;
    v_events jsonb := '[]';
BEGIN
    FOR v IN SELECT * FROM visitors WHERE id = ANY (p_visitors) ORDER BY society_id, id LOOP
        BEGIN
            IF v.society_id = v_held THEN RAISE lock_not_available; END IF;
            v_events := v_events || emit('society:' || v.society_id, 'delivery_updated',
                jsonb_build_object('visitor_id', v.id, 'delivery', delivery_of(v.id)), NULL, v.request_id, v.trace_id);
        EXCEPTION WHEN lock_not_available OR SQLSTATE '53R01' THEN
            v_held := v.society_id;
            UPDATE delivery_tellings SET due_at = clock_timestamp() + interval '1 second' WHERE visitor_id = v.id;
        END;
    END LOOP;
    RETURN v_events;
END $$;
