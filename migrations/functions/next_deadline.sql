-- When the next deadline or step of somebody who waits falls due, those that are put off not before their time.
CREATE OR REPLACE FUNCTION next_deadline() RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_now timestamptz := clock_timestamp();
BEGIN
    RETURN least(
        (SELECT v.approval_deadline FROM visitors v
          WHERE v.status = 'pending' AND NOT v.guest_pass
            AND NOT EXISTS (SELECT FROM put_off p WHERE p.due_at > v_now
                               AND (p.work, p.subject) IN (('deadline', v.id), ('society', v.society_id)))
          ORDER BY v.approval_deadline LIMIT 1),
        (SELECT e.due_at FROM visitor_escalations e JOIN visitors v ON v.id = e.visitor_id
          WHERE e.done_at IS NULL AND v.status = 'pending'
            AND NOT EXISTS (SELECT FROM put_off p WHERE p.due_at > v_now
                               AND (p.work, p.subject) IN (('step', v.id), ('society', v.society_id)))
          ORDER BY e.due_at LIMIT 1),
        (SELECT min(p.due_at) FROM put_off p WHERE p.due_at > v_now));
END $$;
