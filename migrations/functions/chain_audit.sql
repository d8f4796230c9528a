-- Gives a row its number. Run at the commit, so the head is a transaction's last lock and held for the commit alone.
-- A transaction that audits in several societies does so in the order of their ids.
CREATE OR REPLACE FUNCTION chain_audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
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
