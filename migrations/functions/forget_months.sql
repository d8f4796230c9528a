-- Drops a month of each table whose time is over: messages a year after their month, visits and the audit three years
-- after theirs (docs/data.md). A month of the audit takes the beginning of each chain with it: where a chain begins from
-- then on is noted first, and that it was done is audited. Answers how many; the others wait for the next call.
CREATE OR REPLACE FUNCTION forget_months(p_rows integer) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
    old  record;
    gone bigint := 0;
BEGIN
    FOR old IN
        SELECT DISTINCT ON (t.name) t.name, c.relname AS month, partition_end(c.relname) AS ends
          FROM (VALUES ('notifications', interval '1 year'), ('visits', interval '3 years'), ('audit_logs', interval '3 years'))
                   AS t (name, kept)
          JOIN pg_inherits i ON i.inhparent = t.name::regclass
          JOIN pg_class c ON c.oid = i.inhrelid
         WHERE partition_end(c.relname) > '-infinity' AND partition_end(c.relname) + t.kept <= now()
         ORDER BY t.name, partition_end(c.relname)
    LOOP
        EXIT WHEN gone >= p_rows;
        -- In the order in which a writer takes them.
        EXECUTE format('LOCK TABLE ONLY %I IN ACCESS EXCLUSIVE MODE', old.name);
        CONTINUE WHEN to_regclass(old.month) IS NULL;
        IF old.name = 'audit_logs' THEN
            INSERT INTO audit_starts AS s (chain, seq, hash, before)
            SELECT DISTINCT ON (c.chain) c.chain, c.seq, c.hash, old.ends FROM audit_chain c
             WHERE c.created_at < old.ends ORDER BY c.chain, c.seq DESC
            ON CONFLICT (chain) DO UPDATE
               SET seq = CASE WHEN s.seq > excluded.seq THEN s.seq ELSE excluded.seq END,
                   hash = CASE WHEN s.seq > excluded.seq THEN s.hash ELSE excluded.hash END, before = excluded.before;
            INSERT INTO audit_logs (action, resource_type, details)
            VALUES ('audit.forget', 'audit_logs', jsonb_build_object('before', rfc3339(old.ends)));
        END IF;
        EXECUTE format('DROP TABLE %I', old.month);
        gone := gone + 1;
    END LOOP;
    RETURN gone;
END $$;
