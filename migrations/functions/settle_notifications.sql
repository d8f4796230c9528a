-- Notes what came of sending: [{id, attempt, outcome, reason, retry_seconds, address}], where `outcome` is sent,
-- failed, gone (the device is no more) or retry. A row that another sender has taken since is left to him.
-- Answers the events that tell guards of it.
CREATE OR REPLACE FUNCTION settle_notifications(p_outcomes jsonb) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_visitors uuid[];
BEGIN
    WITH outcome AS (
        SELECT * FROM jsonb_to_recordset(p_outcomes)
                      AS o (id uuid, attempt integer, outcome text, reason text, retry_seconds float8, address text)
    ), mine AS MATERIALIZED (
        SELECT n.id, n.device_id, o.address,
               CASE WHEN o.outcome <> 'retry' THEN o.outcome
                    WHEN n.expires_at <= clock_timestamp() + make_interval(secs => o.retry_seconds) THEN 'failed'
                    ELSE 'retry' END AS outcome, o.reason, o.retry_seconds
          FROM outcome o JOIN notification_logs n ON n.id = o.id AND n.attempts = o.attempt
         ORDER BY n.id FOR UPDATE OF n
    ), dead AS (
        -- A new token that came in between is not dead.
        UPDATE devices d SET is_active = false, updated_at = now()
          FROM mine m WHERE m.outcome = 'gone' AND d.id = m.device_id AND d.token = m.address
    ), noted AS (
        UPDATE notification_logs n
           SET status = CASE WHEN n.status <> 'queued' THEN n.status
                             WHEN m.outcome = 'sent' THEN 'sent' WHEN m.outcome = 'retry' THEN 'queued' ELSE 'failed' END,
               sent_at = CASE WHEN m.outcome = 'sent' THEN coalesce(n.sent_at, clock_timestamp()) ELSE n.sent_at END,
               failed_at = CASE WHEN m.outcome IN ('failed', 'gone') THEN clock_timestamp() END,
               reason = m.reason,
               due_at = CASE WHEN m.outcome = 'retry' THEN clock_timestamp() + make_interval(secs => m.retry_seconds) ELSE n.due_at END
          FROM mine m WHERE n.id = m.id
        RETURNING n.visitor_id, n.kind = 'visitor_request' AND n.channel = 'push' AND m.outcome <> 'retry' AS concerns_guards
    )
    SELECT array_agg(DISTINCT visitor_id) INTO v_visitors FROM noted WHERE concerns_guards;
    RETURN tell_delivery(v_visitors);
END $$;
