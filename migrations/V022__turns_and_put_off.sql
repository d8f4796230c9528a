-- Whose turn it is to do what requests could not: a few dispatchers for each kind of work, and one in all that waits for
-- what falls due. A turn is taken again with each round, and ends by itself where its holder died.
CREATE TABLE dispatcher_turns (
    work   text NOT NULL,
    slot   integer NOT NULL,
    holder uuid NOT NULL,
    until  timestamptz NOT NULL DEFAULT '-infinity',
    -- Of the one that waits: what others have asked it to look at, such as a try that failed and comes again.
    due_at timestamptz NOT NULL DEFAULT 'infinity',
    PRIMARY KEY (work, slot)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0);
INSERT INTO dispatcher_turns (work, slot, holder)
SELECT work, slot, gen_random_uuid()
  FROM (VALUES ('push', 2), ('send', 4), ('watch', 1), ('wait', 1)) AS works (work, slots), generate_series(1, slots) AS slot;
GRANT SELECT ON dispatcher_turns TO society360_functions;
GRANT UPDATE (holder, until, due_at) ON dispatcher_turns TO society360_functions;

-- A key that the server made goes when its caller is answered (note_answered).
GRANT DELETE ON idempotency_keys TO society360_functions;

-- Deadlines and steps that could not be done, of a visitor or of a whole society: left alone until then, and why.
CREATE TABLE put_off (
    work     text NOT NULL CHECK (work IN ('deadline', 'step', 'society')),
    subject  uuid NOT NULL,
    attempts integer NOT NULL DEFAULT 1,
    due_at   timestamptz NOT NULL,
    -- SQLSTATE and, where there is one, the constraint or table; never a value.
    reason   text NOT NULL,
    since    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (work, subject)
);
GRANT SELECT, INSERT, DELETE ON put_off TO society360_functions;
GRANT UPDATE (attempts, due_at, reason) ON put_off TO society360_functions;
