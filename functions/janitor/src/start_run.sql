-- A task's run begins; answers its id
INSERT INTO retention_runs (task) VALUES (:task) RETURNING to_jsonb(id)
