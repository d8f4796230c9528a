-- Chains that have grown since they were last said outside of the database, no more than once in 23 hours.
CREATE OR REPLACE FUNCTION due_audit_anchors(p_limit bigint) RETURNS TABLE (chain uuid, seq bigint, hash bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT h.chain, h.seq, h.hash FROM audit_heads h LEFT JOIN audit_anchors a ON a.chain = h.chain
     WHERE h.seq > coalesce(a.seq, 0) AND coalesce(a.anchored_at < now() - interval '23 hours', true)
     ORDER BY h.chain LIMIT p_limit;
END $$;
