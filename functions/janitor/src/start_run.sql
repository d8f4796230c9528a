-- $1 task
INSERT INTO retention_runs (task) VALUES ($1) RETURNING to_jsonb(id::text)
