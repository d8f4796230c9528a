-- Verifies a page of a society's audit, behind the number, :hash and :time that the page before ended with; :anchor_seq and
-- :anchor_hash are an anchor, or null
SELECT jsonb_build_object('access', CASE WHEN p.allowed THEN 'ok' ELSE 'forbidden' END,
                          'rows', CASE WHEN p.allowed THEN verify_audit(p.id, :after, :hash, :time, :rows, :anchor_seq, :anchor_hash) END)
  FROM (SELECT s.id, me.super_admin OR s.id = ANY (me.admin_of) AS allowed
          FROM caller_scope(:caller) AS me, societies s WHERE s.id = :society AND has_part(me, s.id)) p
