-- What :rows name that a society does not have: how many flats, and the first 50 of its blocks
SELECT jsonb_build_object('access', CASE WHEN p.allowed THEN 'ok' ELSE 'forbidden' END, 'rows', CASE WHEN p.allowed THEN (
           SELECT jsonb_build_object('flats', count(DISTINCT (lower(r.complex), lower(r.block), lower(r.flat_number))) FILTER (WHERE r.flat_id IS NULL),
                                     'blocks', coalesce((array_agg(DISTINCT r.block) FILTER (WHERE r.block_id IS NULL))[:50], '{}'))
             FROM import_rows(p.id, :rows) r) END)
  FROM (SELECT s.id, me.super_admin OR s.id = ANY (me.admin_of) AS allowed
          FROM caller_scope(:caller) AS me, societies s WHERE s.id = :society AND has_part(me, s.id)) p
