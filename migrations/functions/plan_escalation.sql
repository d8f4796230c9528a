-- The steps that a visitor will need; none of them comes after their deadline.
CREATE OR REPLACE FUNCTION plan_escalation(p_visitor uuid, p_society uuid, p_start timestamptz, p_deadline timestamptz)
RETURNS SETOF visitor_escalations LANGUAGE plpgsql STABLE ROWS 3 AS $$
BEGIN
    RETURN QUERY
    SELECT p_visitor, s.position, s.channel, s.audience, p_start + make_interval(secs => s.after_seconds), NULL::timestamptz
      FROM escalation_steps s
     WHERE s.society_id IS NOT DISTINCT FROM (SELECT society_id FROM escalation_steps WHERE society_id = p_society LIMIT 1)
       AND p_start + make_interval(secs => s.after_seconds) < p_deadline;
END $$;
