UPDATE outbox SET pushed_at = now() WHERE id = ANY($1) AND pushed_at IS NULL
