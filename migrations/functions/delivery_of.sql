-- How far the question about a visitor has come to the phones of the flat. What was not sent because
-- somebody had answered, failed nobody.
CREATE OR REPLACE FUNCTION delivery_of(p_visitor uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        WITH devices AS (
            SELECT bool_or(sent_at IS NOT NULL OR delivered_at IS NOT NULL) AS sent, bool_or(delivered_at IS NOT NULL) AS delivered,
                   bool_or(opened_at IS NOT NULL) AS opened, bool_and(status = 'failed' AND reason <> 'answered') AS unreachable
              FROM notification_logs
             WHERE visitor_id = p_visitor AND kind = 'visitor_request' AND channel = 'push'
             GROUP BY coalesce(device_id, id))
        SELECT jsonb_build_object(
                   'devices', count(*), 'sent', count(*) FILTER (WHERE sent), 'delivered', count(*) FILTER (WHERE delivered),
                   'opened', count(*) FILTER (WHERE opened), 'unreachable', count(*) FILTER (WHERE unreachable AND NOT sent))
          FROM devices);
END $$;
