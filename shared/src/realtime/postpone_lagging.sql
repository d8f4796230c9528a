-- :since is the last event that the connection has
UPDATE lagging_connections SET since = :since, due_at = clock_timestamp() + push_backoff(attempts)
 WHERE room = :room AND connection_id = :connection
