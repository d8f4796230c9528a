WITH behind AS MATERIALIZED (
    SELECT r.due_at, r.pusher_until, (SELECT o.created_at FROM outbox o WHERE o.room = r.room AND o.seq = r.pushed + 1) AS since
      FROM room_sequences r WHERE r.pushed < r.seq
), due AS (
    SELECT greatest(due_at, pusher_until) AS at FROM behind UNION ALL SELECT due_at FROM lagging_connections
)
SELECT jsonb_build_object(
           'oldest_seconds', coalesce((SELECT extract(epoch FROM clock_timestamp() - min(since)) FROM behind), 0),
           'rooms', (SELECT count(*) FROM behind),
           'lagging', (SELECT count(*) FROM lagging_connections),
           'due_seconds', (SELECT extract(epoch FROM greatest(min(at), clock_timestamp()) - clock_timestamp())
                             FROM due HAVING count(*) > 0))
