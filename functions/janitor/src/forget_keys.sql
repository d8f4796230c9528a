-- $1 rows. As long as claim_key repeats an answer.
DELETE FROM idempotency_keys WHERE (user_id, method, path, key) IN (
    SELECT user_id, method, path, key FROM idempotency_keys
     WHERE created_at < now() - interval '24 hours'
     LIMIT $1
       FOR UPDATE SKIP LOCKED)
