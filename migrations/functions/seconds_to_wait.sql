-- Seconds that a watcher, who has so many left, has to wait for the next deadline or step of somebody who waits; null
-- where nothing falls due in that time, or another watcher waits for it.
CREATE OR REPLACE FUNCTION seconds_to_wait(p_watcher uuid, p_left float8) RETURNS float8 LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_due timestamptz := least(
        (SELECT min(approval_deadline) FROM visitors WHERE status = 'pending' AND NOT guest_pass),
        (SELECT e.due_at FROM visitor_escalations e
          WHERE e.done_at IS NULL AND EXISTS (SELECT FROM visitors v WHERE v.id = e.visitor_id AND v.status = 'pending')
          ORDER BY e.due_at LIMIT 1));
BEGIN
    IF v_due IS NULL OR v_due >= clock_timestamp() + make_interval(secs => p_left) THEN
        UPDATE watch SET until = '-infinity' WHERE watcher = p_watcher;
        RETURN NULL;
    END IF;
    UPDATE watch SET watcher = p_watcher, until = clock_timestamp() + make_interval(secs => p_left)
     WHERE watcher = p_watcher OR until <= clock_timestamp();
    IF NOT FOUND THEN RETURN NULL; END IF;
    RETURN extract(epoch FROM greatest(v_due, clock_timestamp()) - clock_timestamp());
END $$;
