-- How a task's run ended; :problem is null where it was done
UPDATE retention_runs SET finished_at = clock_timestamp(), rows = :rows, problem = :problem WHERE id = :run
