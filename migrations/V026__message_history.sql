-- Messages from before are the first part of their history. `notification_logs` becomes a small table that holds what the
-- release before reads and writes; nothing of this release reads it but the queue, which takes over what waits there.

-- Seen while others write; then what follows needs no look at a row.
ALTER TABLE notification_logs VALIDATE CONSTRAINT notification_logs_month_check;
ALTER TABLE users VALIDATE CONSTRAINT users_timezone_check;
ALTER TABLE societies VALIDATE CONSTRAINT societies_timezone_check;

ALTER TABLE notification_logs RENAME TO notifications_before;
ALTER INDEX notification_logs_pkey RENAME TO notifications_before_pkey;
ALTER INDEX notification_logs_dedupe_key RENAME TO notifications_before_dedupe_key;
ALTER INDEX notification_logs_user_idx RENAME TO notifications_before_user_idx;
ALTER INDEX notification_logs_visitor_idx RENAME TO notifications_before_visitor_idx;
DROP INDEX notification_logs_urgent_idx, notification_logs_again_idx, notification_logs_turn_idx;
DROP INDEX IF EXISTS notification_logs_device_idx;
DROP TRIGGER notification_logs_place ON notifications_before;
ALTER TABLE notifications_before ADD COLUMN IF NOT EXISTS request_id text, ADD COLUMN IF NOT EXISTS trace_id text;

CREATE TABLE notification_logs (LIKE notifications_before INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES);
ALTER TABLE notification_logs DROP CONSTRAINT notification_logs_month_check;
CREATE INDEX notification_logs_queued_idx ON notification_logs (id) WHERE status = 'queued';
GRANT SELECT, INSERT ON notification_logs TO society360_functions;
GRANT UPDATE (status, reason, attempts, due_at, sent_at, delivered_at, opened_at, failed_at)
    ON notification_logs TO society360_functions;
INSERT INTO notification_logs
SELECT * FROM notifications_before WHERE id >= uuid_v7_at(now() - interval '1 day') AND status <> 'queued';

-- What waits, waits in the queue from now on; what is under way is its sender's for the rest of the lease.
WITH waiting AS (
    DELETE FROM notifications_before WHERE status = 'queued' RETURNING *
)
INSERT INTO deliveries (id, payload, user_id, visitor_id, society_id, flat_id, device_id, channel, kind, room, turn, created_at,
                        due_at, leased_until, expires_at, attempts, reason, request_id, trace_id)
SELECT id, payload, user_id, visitor_id, society_id, flat_id, device_id, channel, kind, room,
       CASE WHEN kind = 'emergency_alert' THEN 'urgent' WHEN attempts > 0 THEN 'again' ELSE 'fresh' END, created_at,
       due_at, NULL, expires_at, attempts, reason, request_id, trace_id
  FROM waiting;

-- A part of a table is reached by the rights of the table.
REVOKE ALL ON notifications_before FROM society360_functions;
REVOKE UPDATE (status, reason, attempts, due_at, sent_at, delivered_at, opened_at, failed_at)
    ON notifications_before FROM society360_functions;
ALTER TABLE notifications_before DROP COLUMN dedupe_key, DROP COLUMN due_at, ALTER COLUMN status DROP DEFAULT,
    ALTER COLUMN id DROP DEFAULT;
DO $$
DECLARE
    month uuid := (SELECT substring(pg_get_constraintdef(oid) FROM '''([0-9a-f-]{36})''')::uuid FROM pg_constraint
                    WHERE conname = 'notification_logs_month_check' AND conrelid = 'notifications_before'::regclass);
BEGIN
    EXECUTE format('ALTER TABLE notifications ATTACH PARTITION notifications_before FOR VALUES FROM (MINVALUE) TO (%L)', month);
END $$;
ALTER TABLE notifications_before DROP CONSTRAINT notification_logs_month_check;
