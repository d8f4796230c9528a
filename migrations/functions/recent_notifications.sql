-- The ten newest messages of a user, those that wait among them. The months before the last one are asked only where there
-- are fewer, and for what is missing.
CREATE OR REPLACE FUNCTION recent_notifications(p_user uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_recent uuid := uuid_v7_at(now() - interval '31 days');
    v_found  jsonb[];
BEGIN
    v_found := ARRAY(
        SELECT to_jsonb(m) FROM (
            (SELECT id, channel, message_payload(d) AS payload, 'queued' AS status, created_at, NULL::timestamptz AS delivered_at
               FROM deliveries d WHERE user_id = p_user ORDER BY created_at DESC, id DESC LIMIT 10)
            UNION ALL
            (SELECT id, channel, payload, status, created_at, delivered_at
               FROM notifications WHERE user_id = p_user AND id >= v_recent ORDER BY created_at DESC, id DESC LIMIT 10)) m
         ORDER BY m.created_at DESC, m.id DESC LIMIT 10);
    IF cardinality(v_found) < 10 THEN
        v_found := v_found || ARRAY(
            SELECT to_jsonb(m) FROM (
                SELECT id, channel, payload, status, created_at, delivered_at FROM notifications
                 WHERE user_id = p_user AND id < v_recent
                 ORDER BY created_at DESC, id DESC LIMIT 10 - cardinality(v_found)) m);
    END IF;
    RETURN to_jsonb(v_found);
END $$;
