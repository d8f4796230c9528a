-- Takes steps of a society that are due, some at once; answers how many messages were queued, how many steps were taken, and
-- how many could not be and are put off.
CREATE OR REPLACE FUNCTION take_steps_of_society(p_society uuid, p_limit integer) RETURNS jsonb LANGUAGE plpgsql VOLATILE
SET lock_timeout = '300ms' AS $$
DECLARE
    v_now    timestamptz := clock_timestamp();
    v_step   record;
    v_queued bigint := 0;
    v_done   integer := 0;
    v_failed integer := 0;
    v_where  text;
BEGIN
    FOR v_step IN
        SELECT e.visitor_id, e.position FROM visitor_escalations e JOIN visitors v ON v.id = e.visitor_id
         WHERE e.done_at IS NULL AND e.due_at <= v_now AND v.society_id = p_society
           AND NOT EXISTS (SELECT FROM put_off p WHERE p.work = 'step' AND p.subject = v.id AND p.due_at > v_now)
         ORDER BY e.due_at LIMIT p_limit FOR NO KEY UPDATE OF e SKIP LOCKED
    LOOP
        BEGIN
            v_queued := v_queued + take_step(v_step.visitor_id, v_step.position);
            v_done := v_done + 1;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS v_where = CONSTRAINT_NAME;
            PERFORM put_off('step', v_step.visitor_id, rtrim(SQLSTATE || ' ' || v_where));
            v_failed := v_failed + 1;
            EXIT WHEN SQLSTATE IN ('55P03', '53R01');
        END;
    END LOOP;
    DELETE FROM put_off WHERE work = 'society' AND subject = p_society;
    RETURN jsonb_build_object('queued', v_queued, 'done', v_done, 'failed', v_failed);
END $$;
