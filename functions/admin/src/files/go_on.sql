-- :rows is how many at most. What was done is done, so a repetition needs no key
WITH place AS MATERIALIZED (
    SELECT i.id, me.super_admin OR i.society_id = ANY (me.admin_of) AS allowed
      FROM caller_scope(:caller) AS me, csv_imports i WHERE i.id = :import AND has_part(me, i.society_id)
), claim AS MATERIALIZED (
    SELECT c.* FROM place p, claim_key(:caller, :method, :path, :key, :payload, '{}') c WHERE p.allowed
), done AS MATERIALIZED (
    SELECT go_on_with_import(p.id, :caller, :rows, :request, :trace) AS told FROM place p, claim c WHERE c.fresh
)
SELECT outcome(p.allowed, c.mismatch, c.fresh, d.told -> 'answer', NULL, d.told -> 'events')
  FROM place p LEFT JOIN claim c ON true LEFT JOIN done d ON true
