-- $1 rows
DELETE FROM retention_runs WHERE id IN (
    SELECT id FROM retention_runs
     WHERE started_at < now() - interval '1 year'
     LIMIT $1
       FOR UPDATE SKIP LOCKED)
