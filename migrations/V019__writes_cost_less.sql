-- What a write at the gate need not do (docs/decisions/046-hot-writes-are-functions.md).

-- Who lives in a flat, as before: an open occupancy with its role. Asked of the two tables, each is read once.
CREATE OR REPLACE VIEW live_occupancies AS
SELECT o.id, o.flat_id, o.user_id, o.role, o.is_primary, o.start_date, greatest(r.created_at, o.created_at) AS since
  FROM flat_occupancies o
  JOIN role_assignments r ON r.user_id = o.user_id AND r.role = 'resident' AND r.scope_id = o.flat_id
 WHERE o.end_date IS NULL AND r.revoked_at IS NULL;

-- A foreign key is a query for each row, and locks the row that is referred to, which all of a society share. A flat never
-- moves, so that its own key says all that those of its block and society do; a visit is one of a visitor, who has a flat.
ALTER TABLE visitors DROP CONSTRAINT visitors_society_id_fkey, DROP CONSTRAINT visitors_block_id_fkey;
ALTER TABLE visits DROP CONSTRAINT visits_society_id_fkey, DROP CONSTRAINT visits_block_id_fkey,
    DROP CONSTRAINT visits_flat_id_fkey;
-- A step is made with its visitor, and no visitor is ever removed.
ALTER TABLE visitor_escalations DROP CONSTRAINT visitor_escalations_visitor_id_fkey;
-- Who acts was read when the request came, and no user is ever removed.
ALTER TABLE audit_logs DROP CONSTRAINT audit_logs_actor_user_id_fkey;

-- A room's row is written twice for each event: there is room for its next version in its page.
ALTER TABLE room_sequences SET (fillfactor = 50);
