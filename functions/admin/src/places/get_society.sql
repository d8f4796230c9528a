SELECT jsonb_build_object(
           'access', CASE WHEN me.super_admin OR s.id = ANY (me.admin_of) OR EXISTS (
                              SELECT FROM blocks b JOIN complexes c ON c.id = b.complex_id WHERE b.id = ANY (me.blocks) AND c.society_id = s.id)
                          THEN 'ok' ELSE 'forbidden' END,
           'rows', to_jsonb(s))
  FROM caller_scope(:caller) AS me, societies s WHERE s.id = :society AND has_part(me, s.id)
