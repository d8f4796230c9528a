-- Denies visitors of a society whom nobody answered in time, some at once, and tells both sides; answers the events, how
-- many were denied, and how many could not be and are put off. Rooms of flats are locked in order and before the
-- society's, as everybody does, and none is waited for long.
CREATE OR REPLACE FUNCTION time_out_society(p_society uuid, p_limit integer) RETURNS jsonb LANGUAGE plpgsql VOLATILE
SET lock_timeout = '300ms' AS $$
DECLARE
    v_now    timestamptz := clock_timestamp();
    v_id     uuid;
    v_told   jsonb;
    v_denied jsonb[] := '{}';
    v_events jsonb := '[]';
    v_failed integer := 0;
    v_where  text;
BEGIN
    FOR v_id IN
        SELECT due.id FROM (
            SELECT v.id, v.flat_id, v.approval_deadline FROM visitors v
             WHERE v.status = 'pending' AND NOT v.guest_pass AND v.approval_deadline <= v_now AND v.society_id = p_society
               AND NOT EXISTS (SELECT FROM put_off p WHERE p.work = 'deadline' AND p.subject = v.id AND p.due_at > v_now)
             ORDER BY v.approval_deadline LIMIT p_limit FOR NO KEY UPDATE OF v SKIP LOCKED) due
         ORDER BY due.flat_id, due.approval_deadline
    LOOP
        BEGIN
            v_told := tell_flat_of_timeout(v_id);
            IF v_told IS NOT NULL THEN
                v_events := v_events || (v_told -> 'event');
                v_denied := v_denied || v_told;
            END IF;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS v_where = CONSTRAINT_NAME;
            PERFORM put_off('deadline', v_id, rtrim(SQLSTATE || ' ' || v_where));
            v_failed := v_failed + 1;
            -- Another one of the flat would wait as long.
            EXIT WHEN SQLSTATE IN ('55P03', '53R01');
        END;
    END LOOP;
    FOREACH v_told IN ARRAY v_denied LOOP
        v_events := v_events || emit('society:' || p_society, 'visitor_timeout', v_told -> 'data', NULL,
                                     v_told ->> 'request', v_told ->> 'trace');
    END LOOP;
    DELETE FROM put_off WHERE work = 'society' AND subject = p_society;
    RETURN jsonb_build_object('events', v_events, 'done', cardinality(v_denied), 'failed', v_failed);
END $$;
