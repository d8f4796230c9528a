-- Lists of one state read their page and no others: each state is a range of an index of its scope, of which a list of all
-- states reads a page each (docs/decisions/069-a-range-for-each-state.md). The release before reads by the former indexes.

CREATE INDEX IF NOT EXISTS emergencies_society_status_idx ON emergencies (society_id, status, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS emergencies_block_status_idx ON emergencies (block_id, status, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS emergencies_flat_status_idx ON emergencies (flat_id, status, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS resident_requests_society_status_idx ON resident_requests (society_id, status, submitted_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS resident_requests_block_status_idx ON resident_requests (block_id, status, submitted_at DESC, id DESC);
