-- What a society has decided
SELECT jsonb_build_object(
           'access', CASE WHEN me.super_admin OR s.id = ANY (me.admin_of) THEN 'ok' ELSE 'forbidden' END,
           'rows', (SELECT coalesce(jsonb_object_agg(p.name, p.value), '{}') FROM policies p WHERE p.society_id = s.id))
  FROM caller_scope(:caller) AS me, societies s WHERE s.id = :society AND has_part(me, s.id)
