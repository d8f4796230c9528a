-- $1 caller, $2 society, $3 number, $4 hash and $5 time of the page before, $6 rows, $7 number and $8 hash of an anchor
SELECT jsonb_build_object('access', CASE WHEN p.allowed THEN 'ok' ELSE 'forbidden' END,
                          'rows', CASE WHEN p.allowed THEN verify_audit(p.id, $3, $4, $5, $6, $7, $8) END)
  FROM (SELECT s.id, me.super_admin OR s.id = ANY (me.admin_of) AS allowed
          FROM caller_scope($1) AS me, societies s WHERE s.id = $2 AND has_part(me, s.id)) p
