SELECT jsonb_build_object('access', CASE WHEN me.super_admin OR s.id = ANY (me.admin_of) THEN 'ok' ELSE 'forbidden' END, 'rows', true)
  FROM caller_scope(:caller) AS me, societies s WHERE s.id = :society AND has_part(me, s.id)
