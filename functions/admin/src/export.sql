-- A page of a society's audit: what comes behind the number :after, at most :rows and :bytes
WITH place AS MATERIALIZED (
    SELECT s.id, me.super_admin OR s.id = ANY (me.admin_of) AS allowed
      FROM caller_scope(:caller) AS me, societies s WHERE s.id = :society AND has_part(me, s.id)
), page AS MATERIALIZED (
    SELECT a.seq, jsonb_build_object('content', a.content, 'hash', encode(a.hash, 'hex')) AS line,
           sum(octet_length(a.content) + 200) OVER (ORDER BY a.seq) AS bytes
      FROM place p, audit_page(p.id, :after, :rows) a WHERE p.allowed AND a.content IS NOT NULL
), sent AS MATERIALIZED (
    SELECT seq, line FROM page WHERE bytes <= :bytes
), audit AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT :caller, 'audit.export', 'society', p.id, p.id, :request,
           jsonb_build_object('from', (SELECT min(seq) FROM sent), 'to', (SELECT max(seq) FROM sent))
      FROM place p WHERE EXISTS (SELECT FROM sent)
)
SELECT jsonb_build_object('access', CASE WHEN p.allowed THEN 'ok' ELSE 'forbidden' END,
                          'rows', coalesce((SELECT jsonb_agg(line ORDER BY seq) FROM sent), '[]'))
  FROM place p
