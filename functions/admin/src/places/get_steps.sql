SELECT jsonb_build_object(
           'access', CASE WHEN me.super_admin OR s.id = ANY (me.admin_of) THEN 'ok' ELSE 'forbidden' END,
           'rows', jsonb_build_object('is_default', own = '[]', 'steps', CASE own WHEN '[]' THEN own_escalation_steps(NULL) ELSE own END))
  FROM caller_scope(:caller) AS me, societies s, LATERAL own_escalation_steps(s.id) AS own
 WHERE s.id = :society AND has_part(me, s.id)
