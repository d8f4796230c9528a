-- How far the question about a visitor has come to the phones of the flat. What was not sent because
-- somebody had answered, failed nobody. A question is open for a day at most, so no more months are looked into.
CREATE OR REPLACE FUNCTION delivery_of(p_visitor uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_since timestamptz := (SELECT created_at FROM visitors WHERE id = p_visitor);
    v_first uuid := uuid_v7_at(v_since);
    v_last  uuid := uuid_v7_at(v_since + interval '2 days');
BEGIN
    RETURN (
        WITH messages AS (
            SELECT d.id, d.device_id, NULL AS status, NULL AS reason, NULL::timestamptz AS sent_at,
                   NULL::timestamptz AS delivered_at, NULL::timestamptz AS opened_at
              FROM deliveries d WHERE d.visitor_id = p_visitor AND d.kind = 'visitor_request' AND d.channel = 'push'
            UNION ALL
            SELECT n.id, n.device_id, n.status, n.reason, n.sent_at, n.delivered_at, n.opened_at
              FROM notifications n
             WHERE n.visitor_id = p_visitor AND n.kind = 'visitor_request' AND n.channel = 'push'
               AND n.id >= v_first AND n.id < v_last
        ), devices AS (
            SELECT bool_or(sent_at IS NOT NULL OR delivered_at IS NOT NULL) AS sent, bool_or(delivered_at IS NOT NULL) AS delivered,
                   bool_or(opened_at IS NOT NULL) AS opened,
                   bool_and(status IS NOT NULL AND status = 'failed' AND reason <> 'answered') AS unreachable
              FROM messages GROUP BY coalesce(device_id, id))
        SELECT jsonb_build_object(
                   'devices', count(*), 'sent', count(*) FILTER (WHERE sent), 'delivered', count(*) FILTER (WHERE delivered),
                   'opened', count(*) FILTER (WHERE opened), 'unreachable', count(*) FILTER (WHERE unreachable AND NOT sent))
          FROM devices);
END $$;
