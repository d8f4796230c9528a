-- Indexes for what gates ask, so that no answer costs more after years: each reads the rows of its page and no others. On
-- a large database they are made by hand before the deployment, with CONCURRENTLY and the same names
-- (docs/operations.md): while this one makes them, nobody is let in.

-- Who is not through with the gate yet, by state; the rest of a society's visitors are in none of them.
CREATE INDEX IF NOT EXISTS visitors_open_idx ON visitors (society_id, status, created_at DESC, id DESC)
    WHERE status <> 'checked_out' AND hidden_at IS NULL;
CREATE INDEX IF NOT EXISTS visitors_flat_open_idx ON visitors (flat_id, status, created_at DESC, id DESC)
    WHERE status <> 'checked_out' AND hidden_at IS NULL;
-- A code that is used up or turned away is found, too, to say so. Few societies have the same one.
CREATE INDEX IF NOT EXISTS visitors_code_idx ON visitors (access_code) WHERE access_code IS NOT NULL;
-- Whose window is longer than a day, by its end; all others are expected on the day they come or the one before.
CREATE INDEX IF NOT EXISTS visitors_long_idx ON visitors (society_id, expected_end)
    WHERE expected_end - expected_start > interval '24 hours';
-- Who waits for a flat's answer. A pass that nobody used stays pending for ever, and is in none of it.
CREATE INDEX IF NOT EXISTS visitors_waiting_idx ON visitors (flat_id, created_at DESC, id DESC)
    WHERE status = 'pending' AND NOT guest_pass;
-- What these found, those above find.
DROP INDEX IF EXISTS visitors_denied_idx;
DROP INDEX IF EXISTS visitors_pending_idx;

-- The token that a user showed last, and whether it is the one they showed before (SQL function `caller`).
ALTER TABLE request_counts ADD COLUMN token_sha256 bytea, ADD COLUMN token_known boolean;
GRANT UPDATE (token_sha256, token_known) ON request_counts TO society360_functions;

-- Roles that count now, and since when: an occupancy and a post have at most one open row for each role, so they are joined,
-- where a subquery for each would be set up anew by every statement.
CREATE OR REPLACE VIEW live_role_assignments AS
SELECT r.user_id, r.role, r.scope_type, r.scope_id, r.created_at,
       CASE r.role WHEN 'resident' THEN greatest(r.created_at, o.created_at) END AS since
  FROM role_assignments r
  LEFT JOIN guards g ON r.role = 'guard' AND g.user_id = r.user_id AND g.society_id = r.scope_id AND g.active
  LEFT JOIN flat_occupancies o ON r.role = 'resident' AND o.user_id = r.user_id AND o.flat_id = r.scope_id AND o.end_date IS NULL
 WHERE r.revoked_at IS NULL
   AND CASE r.role WHEN 'guard' THEN g.id IS NOT NULL WHEN 'resident' THEN o.id IS NOT NULL ELSE true END;
