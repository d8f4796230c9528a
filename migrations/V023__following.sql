-- The epoch of all rooms. A database that was taken back to an earlier moment numbers other events as it had numbered
-- some before, so it gets another epoch, and a client that has a position of the former one is not taken to know them.
CREATE TABLE room_epoch (
    is_only    boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    epoch      uuid NOT NULL DEFAULT gen_random_uuid(),
    -- From then on a position without its epoch may be one of the former ones.
    renewed_at timestamptz,
    -- Where the migrator found the database last.
    place      text
);
INSERT INTO room_epoch DEFAULT VALUES;
GRANT SELECT ON room_epoch TO society360_functions;

-- The request that an event comes from, by the gateway's id, and the Root of its X-Amzn-Trace-Id. What time
-- does about a visitor has those of the request that logged them.
ALTER TABLE outbox ADD COLUMN request_id text, ADD COLUMN trace_id text;
ALTER TABLE visitors ADD COLUMN request_id text, ADD COLUMN trace_id text;

-- When the last push of the room was noted.
ALTER TABLE room_sequences ADD COLUMN pushed_at timestamptz;
GRANT UPDATE (pushed_at) ON room_sequences TO society360_functions;
