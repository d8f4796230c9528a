-- What every writing statement uses: monthly partitions, audit, idempotency keys, and the outbox.

-- Makes the partition of the month that holds p_day. Rows that were kept by the default partition
-- because the month was not ready move into it. Safe to call again.
CREATE FUNCTION make_month_partition(p_table text, p_column text, p_day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    month timestamp := date_trunc('month', p_day::timestamp);
    first timestamptz := month AT TIME ZONE 'UTC';
    next  timestamptz := (month + interval '1 month') AT TIME ZONE 'UTC';
    name  text := format('%s_%s', p_table, to_char(month, 'YYYY_MM'));
BEGIN
    IF to_regclass(name) IS NOT NULL THEN RETURN; END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name, p_table);
    EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
                   p_table || '_default', p_column, first, p_column, next, name);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                   p_table, name, first, next);
END $$;

CREATE TABLE audit_logs (
    id            uuid NOT NULL DEFAULT uuid_v7(),
    created_at    timestamptz NOT NULL DEFAULT now(),
    actor_user_id uuid NOT NULL REFERENCES users,
    action        text NOT NULL,
    resource_type text NOT NULL,
    resource_id   uuid,
    society_id    uuid,
    request_id    text,
    details       jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
CREATE TABLE audit_logs_default PARTITION OF audit_logs DEFAULT;
CREATE INDEX audit_logs_society_idx ON audit_logs (society_id, created_at);
CREATE INDEX audit_logs_resource_idx ON audit_logs (resource_id);

-- The first answer to a write, kept 24 hours for whoever repeats it.
CREATE TABLE idempotency_keys (
    user_id    uuid NOT NULL REFERENCES users,
    method     text NOT NULL,
    path       text NOT NULL,
    key        text NOT NULL,
    payload    bytea NOT NULL,
    answer     jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, method, path, key)
);
CREATE INDEX idempotency_keys_age_idx ON idempotency_keys (created_at);

-- Claims a key for p_answer, or finds what was answered under it before. p_answer is null where the
-- state does not allow the change: then nothing is claimed, but an earlier answer is still found.
-- Each statement in here sees what was committed before it, so a parallel twin is waited for and then read.
CREATE FUNCTION claim_key(p_user uuid, p_method text, p_path text, p_key text, p_payload bytea, p_answer jsonb)
RETURNS TABLE (fresh boolean, mismatch boolean, answer jsonb) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF p_key IS NULL THEN
        RETURN QUERY SELECT p_answer IS NOT NULL, false, p_answer;
        RETURN;
    END IF;
    IF p_answer IS NOT NULL THEN
        INSERT INTO idempotency_keys AS k (user_id, method, path, key, payload, answer)
        VALUES (p_user, p_method, p_path, p_key, p_payload, p_answer)
        ON CONFLICT (user_id, method, path, key) DO UPDATE
           SET payload = excluded.payload, answer = excluded.answer, created_at = excluded.created_at
         WHERE k.created_at < now() - interval '24 hours';
        IF FOUND THEN
            RETURN QUERY SELECT true, false, p_answer;
            RETURN;
        END IF;
    END IF;
    RETURN QUERY SELECT false, k.payload <> p_payload, k.answer FROM idempotency_keys k
                  WHERE k.user_id = p_user AND k.method = p_method AND k.path = p_path AND k.key = p_key
                    AND k.created_at >= now() - interval '24 hours';
    IF NOT FOUND THEN
        RETURN QUERY SELECT false, false, NULL::jsonb;
    END IF;
END $$;

-- Replaces what a key was claimed with by the answer, for a change whose answer is known only when it
-- is made. The same transaction has claimed the key.
CREATE FUNCTION keep_answer(p_user uuid, p_method text, p_path text, p_key text, p_answer jsonb)
RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE idempotency_keys SET answer = p_answer
     WHERE user_id = p_user AND method = p_method AND path = p_path AND key = p_key;
    RETURN p_answer;
END $$;

-- The last sequence number given out in a room. The row is locked until the event's transaction
-- ends, so numbers have no gaps and follow the order of commits.
CREATE TABLE room_sequences (
    room text PRIMARY KEY,
    seq  bigint NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE outbox (
    id         uuid PRIMARY KEY DEFAULT uuid_v7(),
    room       text NOT NULL,
    seq        bigint NOT NULL,
    event      text NOT NULL,
    data       jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    pushed_at  timestamptz,
    CONSTRAINT outbox_room_seq_key UNIQUE (room, seq)
);
CREATE INDEX outbox_unpushed_idx ON outbox (created_at) WHERE pushed_at IS NULL;

-- An instant as it stands in events: RFC 3339 in UTC.
CREATE FUNCTION rfc3339(t timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(t AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- Writes an event into a room and returns it as it is pushed. A statement that writes into two
-- rooms names the flat's first, so that no two statements wait for each other.
CREATE FUNCTION emit(p_room text, p_event text, p_data jsonb) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
    WITH next AS (
        INSERT INTO room_sequences AS r (room, seq) VALUES (p_room, 1)
        ON CONFLICT (room) DO UPDATE SET seq = r.seq + 1
        RETURNING seq
    )
    INSERT INTO outbox (room, seq, event, data) SELECT p_room, seq, p_event, p_data FROM next
    RETURNING jsonb_build_object('id', id, 'room', room, 'seq', seq, 'event', event, 'data', data)
$$;
