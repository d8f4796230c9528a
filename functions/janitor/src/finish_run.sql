-- $1 run, $2 rows, $3 problem
UPDATE retention_runs SET finished_at = clock_timestamp(), rows = $2, problem = $3 WHERE id = $1::uuid
