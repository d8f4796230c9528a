-- :rows is what the file says, :id the import's
WITH place AS MATERIALIZED (
    SELECT s.id, me.super_admin OR s.id = ANY (me.admin_of) AS allowed
      FROM caller_scope(:caller) AS me, societies s WHERE s.id = :society AND has_part(me, s.id)
), judged AS MATERIALIZED (
    SELECT import_in_the_way(p.id, :rows) AS in_the_way FROM place p WHERE p.allowed
), claim AS MATERIALIZED (
    SELECT c.* FROM judged j, claim_key(:caller, :method, :path, :key, :payload,
        CASE WHEN j.in_the_way IS NULL THEN jsonb_build_object('id', :id::uuid) END) c
), begun AS MATERIALIZED (
    SELECT begin_import(:id, p.id, :rows, :caller, :request) AS told FROM place p, claim c WHERE c.fresh
)
SELECT outcome(p.allowed, c.mismatch, c.fresh, coalesce(b.told, (SELECT import_shown(i) FROM csv_imports i WHERE i.id = (c.answer ->> 'id')::uuid)),
               j.in_the_way)
  FROM place p LEFT JOIN judged j ON true LEFT JOIN claim c ON true LEFT JOIN begun b ON true
