-- $1 room, $2 connection, $3 the last event it has
UPDATE lagging_connections SET since = $3, due_at = clock_timestamp() + push_backoff(attempts)
 WHERE room = $1 AND connection_id = $2
