WITH behind AS MATERIALIZED (
    SELECT (SELECT o.created_at FROM outbox o WHERE o.room = r.room AND o.seq = r.pushed + 1) AS since
      FROM room_sequences r WHERE r.pushed < r.seq
)
SELECT jsonb_build_object(
           'oldest_seconds', coalesce((SELECT extract(epoch FROM clock_timestamp() - min(since)) FROM behind), 0),
           'rooms', (SELECT count(*) FROM behind),
           'lagging', (SELECT count(*) FROM lagging_connections),
           'message_seconds', oldest_message_seconds(),
           'put_off', (SELECT count(*) FROM put_off WHERE attempts >= 3 AND due_at > clock_timestamp() - interval '10 minutes'))
