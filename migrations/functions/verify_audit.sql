-- Verifies the rows after p_after, p_limit of them at most. p_hash and p_seen are what the page before answered as
-- `hash` and `seen`; null at the beginning. An anchor is a number and its hash as they were noted elsewhere. The first
-- hundred problems are named.
CREATE OR REPLACE FUNCTION verify_audit(p_chain uuid, p_after bigint, p_hash bytea, p_seen timestamptz, p_limit bigint,
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
          WHERE l.society_id = p_chain AND l.created_at >= coalesce(p_seen, '-infinity') AND (p_seen IS NULL OR l.created_at > p_seen) AND l.created_at <= until
            AND NOT EXISTS (SELECT FROM audit_chain c WHERE c.audit_id = l.id AND c.chain = p_chain) LIMIT 100)
        UNION ALL
        (SELECT l.id FROM audit_logs l
          WHERE p_chain < '00000000-0000-0000-0000-000000000010' AND l.society_id IS NULL
            AND audit_chain_of(NULL, l.actor_user_id) = p_chain AND l.created_at >= coalesce(p_seen, '-infinity') AND (p_seen IS NULL OR l.created_at > p_seen) AND l.created_at <= until
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
