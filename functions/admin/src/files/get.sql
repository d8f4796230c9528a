SELECT jsonb_build_object('access', CASE WHEN me.super_admin OR i.society_id = ANY (me.admin_of) THEN 'ok' ELSE 'forbidden' END,
                          'rows', import_shown(i))
  FROM caller_scope(:caller) AS me, csv_imports i WHERE i.id = :import AND has_part(me, i.society_id)
