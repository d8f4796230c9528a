SELECT coalesce(to_jsonb((
    SELECT extract(epoch FROM greatest(min(due_at), clock_timestamp()) - clock_timestamp())
      FROM notification_logs WHERE status = 'queued')), 'null')
