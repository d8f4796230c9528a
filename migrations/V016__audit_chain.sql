-- The audit is a chain: each row gets the next number of its chain and the hash of the row before, at the commit.

-- Where a chain stands. One row is written at each commit that audits, so it stays small and in its page.
CREATE TABLE audit_heads (
    chain uuid PRIMARY KEY,
    seq   bigint NOT NULL,
    prev  bytea NOT NULL,
    hash  bytea NOT NULL
) WITH (fillfactor = 50);

-- What a chain says of a row of audit_logs. It repeats nothing of the row, and is never changed.
CREATE TABLE audit_chain (
    chain      uuid NOT NULL,
    seq        bigint NOT NULL,
    audit_id   uuid NOT NULL,
    created_at timestamptz NOT NULL,
    prev       bytea NOT NULL,
    hash       bytea NOT NULL,
    PRIMARY KEY (chain, seq),
    CONSTRAINT audit_chain_audit_key UNIQUE (audit_id)
);

-- Where a chain begins whose oldest rows are kept no longer: the last number that went, and its hash.
CREATE TABLE audit_starts (
    chain uuid PRIMARY KEY,
    seq   bigint NOT NULL,
    hash  bytea NOT NULL
);

-- What was said of a chain outside of the database, and when.
CREATE TABLE audit_anchors (
    chain       uuid PRIMARY KEY,
    seq         bigint NOT NULL,
    anchored_at timestamptz NOT NULL DEFAULT now()
);

-- A society's chain has its id. What concerns a user and no society is in one of sixteen, by the last digit of the
-- user's id, so that no two users wait for each other more often than need be.
CREATE FUNCTION audit_chain_of(p_society uuid, p_actor uuid) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(p_society, ('00000000-0000-0000-0000-00000000000' || right(coalesce(p_actor::text, '0'), 1))::uuid)
$$;

-- What is hashed: docs/operations.md has its form. A column that audit_logs gets later stands in it only where it has a
-- value, so that earlier hashes hold.
CREATE FUNCTION audit_content(
    p_chain uuid, p_seq bigint, p_prev bytea, p_id uuid, p_created_at timestamptz, p_actor uuid, p_action text,
    p_type text, p_resource uuid, p_society uuid, p_request text, p_details jsonb
) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
        'chain', p_chain, 'seq', p_seq, 'prev', encode(p_prev, 'hex'), 'id', p_id,
        'created_at', to_char(p_created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'actor_user_id', p_actor, 'action', p_action, 'resource_type', p_type, 'resource_id', p_resource,
        'society_id', p_society, 'request_id', p_request, 'details', p_details)::text
$$;

-- Gives a row its number. Run at the commit, so the head is a transaction's last lock and held for the commit alone.
-- A transaction that audits in several societies does so in the order of their ids.
CREATE FUNCTION chain_audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET lock_timeout = '3s' AS $$
DECLARE
    of_row  uuid := audit_chain_of(NEW.society_id, NEW.actor_user_id);
    nothing bytea := decode(repeat('00', 32), 'hex');
BEGIN
    LOOP
        WITH next AS (
            UPDATE audit_heads h
               SET seq = h.seq + 1, prev = h.hash,
                   hash = sha256(convert_to(audit_content(
                       h.chain, h.seq + 1, h.hash, NEW.id, NEW.created_at, NEW.actor_user_id, NEW.action, NEW.resource_type,
                       NEW.resource_id, NEW.society_id, NEW.request_id, NEW.details), 'UTF8'))
             WHERE h.chain = of_row
            RETURNING h.chain, h.seq, h.prev, h.hash
        )
        INSERT INTO audit_chain (chain, seq, audit_id, created_at, prev, hash)
        SELECT n.chain, n.seq, NEW.id, NEW.created_at, n.prev, n.hash FROM next n;
        EXIT WHEN FOUND;
        INSERT INTO audit_heads (chain, seq, prev, hash) VALUES (of_row, 0, nothing, nothing) ON CONFLICT DO NOTHING;
    END LOOP;
    RETURN NULL;
END $$;

-- Chains what is in no chain yet, oldest first.
CREATE FUNCTION chain_earlier_rows() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    a       record;
    done    bigint := 0;
    at      uuid;
    n       bigint;
    before  bytea;
    nothing bytea := decode(repeat('00', 32), 'hex');
    last    bytea;
BEGIN
    FOR a IN SELECT audit_chain_of(l.society_id, l.actor_user_id) AS chain, l.* FROM audit_logs l
              WHERE NOT EXISTS (SELECT FROM audit_chain c WHERE c.audit_id = l.id)
              ORDER BY 1, l.created_at, l.id LOOP
        IF at IS DISTINCT FROM a.chain THEN
            IF done > 0 THEN UPDATE audit_heads SET seq = n, prev = before, hash = last WHERE chain = at; END IF;
            at := a.chain;
            INSERT INTO audit_heads (chain, seq, prev, hash) VALUES (at, 0, nothing, nothing) ON CONFLICT DO NOTHING;
            SELECT h.seq, h.hash INTO STRICT n, last FROM audit_heads h WHERE h.chain = at;
        END IF;
        n := n + 1;
        done := done + 1;
        before := last;
        last := sha256(convert_to(audit_content(at, n, before, a.id, a.created_at, a.actor_user_id, a.action, a.resource_type,
                                                a.resource_id, a.society_id, a.request_id, a.details), 'UTF8'));
        INSERT INTO audit_chain (chain, seq, audit_id, created_at, prev, hash) VALUES (at, n, a.id, a.created_at, before, last);
    END LOOP;
    IF done > 0 THEN UPDATE audit_heads SET seq = n, prev = before, hash = last WHERE chain = at; END IF;
    RETURN done;
END $$;

-- First all that is there, while others write; then, with writers waiting, what they have added meanwhile.
SELECT chain_earlier_rows();
ANALYZE audit_chain;
LOCK TABLE audit_logs IN SHARE ROW EXCLUSIVE MODE;
SELECT chain_earlier_rows();
DROP FUNCTION chain_earlier_rows;
CREATE CONSTRAINT TRIGGER audit_logs_chain AFTER INSERT ON audit_logs
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION chain_audit();

-- A page of a chain with the content of each row; null where the row is gone, or its time is another.
CREATE FUNCTION audit_page(p_chain uuid, p_after bigint, p_limit bigint)
RETURNS TABLE (seq bigint, audit_id uuid, created_at timestamptz, prev bytea, hash bytea, content text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT c.seq, c.audit_id, c.created_at, c.prev, c.hash, a.content
      FROM (SELECT * FROM audit_chain k WHERE k.chain = p_chain AND k.seq > p_after ORDER BY k.seq LIMIT p_limit) c
      LEFT JOIN LATERAL (
            SELECT audit_content(c.chain, c.seq, c.prev, l.id, l.created_at, l.actor_user_id, l.action, l.resource_type,
                                 l.resource_id, l.society_id, l.request_id, l.details) AS content
              FROM audit_logs l WHERE l.id = c.audit_id AND l.created_at = c.created_at OFFSET 0) a ON true
     ORDER BY c.seq;
END $$;

-- Verifies the rows after p_after, p_limit of them at most. p_hash and p_seen are what the page before answered as `hash`
-- and `seen`; null at the beginning. An anchor is a number and its hash as they were noted elsewhere. The first hundred
-- problems are named.
CREATE FUNCTION verify_audit(p_chain uuid, p_after bigint, p_hash bytea, p_seen timestamptz, p_limit bigint,
                             p_anchor_seq bigint, p_anchor_hash bytea)
RETURNS jsonb LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    r        record;
    first    audit_starts;
    head     audit_heads;
    n        bigint;
    last     bytea;
    until    timestamptz := coalesce(p_seen, '1970-01-01Z');
    linked   boolean := true;
    read     bigint := 0;
    whole    boolean;
    problems jsonb := '[]';
    anchor   text;
BEGIN
    SELECT * INTO first FROM audit_starts s WHERE s.chain = p_chain;
    first.seq := coalesce(first.seq, 0);
    first.hash := coalesce(first.hash, decode(repeat('00', 32), 'hex'));
    SELECT * INTO head FROM audit_heads h WHERE h.chain = p_chain;
    n := greatest(coalesce(p_after, 0), first.seq);
    last := CASE WHEN n = p_after THEN coalesce(p_hash, first.hash) ELSE first.hash END;
    anchor := CASE WHEN p_anchor_seq < first.seq THEN 'forgotten'
                   WHEN p_anchor_seq < n THEN 'earlier'
                   WHEN p_anchor_seq = n THEN CASE WHEN p_anchor_hash = last THEN 'matches' ELSE 'differs' END
                   WHEN p_anchor_seq IS NOT NULL THEN 'not_reached' END;
    FOR r IN SELECT * FROM audit_page(p_chain, n, p_limit) LOOP
        read := read + 1;
        IF r.seq > n + 1 THEN
            problems := problems || jsonb_build_object('kind', 'removed', 'seq', n + 1, 'to_seq', r.seq - 1);
            linked := false;
        END IF;
        IF r.content IS NULL THEN
            problems := problems || jsonb_build_object('kind', 'removed', 'seq', r.seq, 'audit_id', r.audit_id);
        ELSIF sha256(convert_to(r.content, 'UTF8')) <> r.hash THEN
            problems := problems || jsonb_build_object('kind', 'changed', 'seq', r.seq, 'audit_id', r.audit_id);
        ELSIF linked AND r.prev <> last THEN
            -- The row itself is whole, so the one before it is another than it was.
            problems := problems || jsonb_build_object('kind', 'replaced', 'seq', greatest(r.seq - 1, first.seq + 1));
        END IF;
        n := r.seq;
        last := r.hash;
        linked := true;
        -- A time that somebody has set does not lead the next page astray.
        until := greatest(until, least(r.created_at, now()));
        IF n = p_anchor_seq THEN
            anchor := CASE WHEN p_anchor_hash = last THEN 'matches' ELSE 'differs' END;
        END IF;
    END LOOP;
    whole := read < p_limit;
    IF whole THEN
        until := 'infinity';
        IF head.chain IS NULL AND n > first.seq OR head.seq < n OR head.seq = n AND head.hash <> last THEN
            problems := problems || jsonb_build_object('kind', 'replaced', 'seq', n);
        ELSIF head.seq > n THEN
            problems := problems || jsonb_build_object('kind', 'removed', 'seq', n + 1, 'to_seq', head.seq);
        END IF;
        IF anchor = 'not_reached' THEN
            problems := problems || jsonb_build_object('kind', 'removed', 'seq', n + 1, 'to_seq', p_anchor_seq);
        END IF;
    END IF;
    IF anchor = 'differs' THEN
        problems := problems || jsonb_build_object('kind', 'replaced', 'seq', p_anchor_seq);
    END IF;
    -- Rows of these times that were written past the chain.
    FOR r IN
        (SELECT l.id FROM audit_logs l
          WHERE l.society_id = p_chain AND (p_seen IS NULL OR l.created_at > p_seen) AND l.created_at <= until
            AND NOT EXISTS (SELECT FROM audit_chain c WHERE c.audit_id = l.id AND c.chain = p_chain) LIMIT 100)
        UNION ALL
        (SELECT l.id FROM audit_logs l
          WHERE p_chain < '00000000-0000-0000-0000-000000000010' AND l.society_id IS NULL
            AND audit_chain_of(NULL, l.actor_user_id) = p_chain AND (p_seen IS NULL OR l.created_at > p_seen) AND l.created_at <= until
            AND NOT EXISTS (SELECT FROM audit_chain c WHERE c.audit_id = l.id AND c.chain = p_chain) LIMIT 100)
    LOOP
        problems := problems || jsonb_build_object('kind', 'inserted', 'audit_id', r.id);
    END LOOP;
    RETURN jsonb_build_object(
        'verified', problems = '[]', 'checked', read, 'seq', n, 'hash', encode(last, 'hex'), 'anchor', anchor,
        'start', jsonb_build_object('seq', first.seq, 'hash', encode(first.hash, 'hex')),
        'problems', (SELECT coalesce(jsonb_agg(p ORDER BY i), '[]') FROM jsonb_array_elements(problems) WITH ORDINALITY e (p, i) WHERE i <= 100),
        'seen', CASE WHEN NOT whole THEN until END, 'complete', whole);
END $$;

-- Chains that have grown since they were last said outside of the database, no more than once in 23 hours.
CREATE FUNCTION due_audit_anchors(p_limit bigint) RETURNS TABLE (chain uuid, seq bigint, hash bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT h.chain, h.seq, h.hash FROM audit_heads h LEFT JOIN audit_anchors a ON a.chain = h.chain
     WHERE h.seq > coalesce(a.seq, 0) AND coalesce(a.anchored_at < now() - interval '23 hours', true)
     ORDER BY h.chain LIMIT p_limit;
END $$;

-- They were said.
CREATE FUNCTION note_audit_anchors(p_chains uuid[], p_seqs bigint[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO audit_anchors AS a (chain, seq)
    SELECT said.chain, said.seq FROM unnest(p_chains, p_seqs) AS said (chain, seq) ORDER BY said.chain
    ON CONFLICT (chain) DO UPDATE SET seq = greatest(a.seq, excluded.seq), anchored_at = excluded.anchored_at;
END $$;

-- All chains that there are or may be: of each society, of the users, and whatever else has rows.
CREATE FUNCTION audit_chains() RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT s.id FROM societies s UNION SELECT h.chain FROM audit_heads h
    UNION SELECT ('00000000-0000-0000-0000-00000000000' || to_hex(n))::uuid FROM generate_series(0, 15) AS n
    ORDER BY 1;
END $$;
