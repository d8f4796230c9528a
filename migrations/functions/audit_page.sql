-- A page of a chain with the content of each row; null where the row is gone, or its time is another.
CREATE OR REPLACE FUNCTION audit_page(p_chain uuid, p_after bigint, p_limit bigint)
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
