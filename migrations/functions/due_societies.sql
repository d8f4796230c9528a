-- Societies with deadlines or steps that are due, those that waited longest first.
CREATE OR REPLACE FUNCTION due_societies(p_limit integer) RETURNS SETOF jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_now timestamptz := clock_timestamp();
BEGIN
    RETURN QUERY
    SELECT jsonb_build_object('society', w.society_id, 'steps', bool_or(w.is_step), 'deadlines', bool_or(NOT w.is_step))
      FROM ((SELECT v.society_id, false AS is_step, v.approval_deadline AS due_at FROM visitors v
              WHERE v.status = 'pending' AND NOT v.guest_pass AND v.approval_deadline <= v_now
                AND NOT EXISTS (SELECT FROM put_off p WHERE p.due_at > v_now
                                   AND (p.work, p.subject) IN (('deadline', v.id), ('society', v.society_id)))
              ORDER BY v.approval_deadline LIMIT 1000)
             UNION ALL
            (SELECT v.society_id, true, e.due_at FROM visitor_escalations e JOIN visitors v ON v.id = e.visitor_id
              WHERE e.done_at IS NULL AND e.due_at <= v_now
                AND NOT EXISTS (SELECT FROM put_off p WHERE p.due_at > v_now
                                   AND (p.work, p.subject) IN (('step', v.id), ('society', v.society_id)))
              ORDER BY e.due_at LIMIT 1000)) w
     GROUP BY w.society_id ORDER BY min(w.due_at) LIMIT p_limit;
END $$;
