-- :decided holds the policies that are decided, by their names; the audit is written with the change
WITH place AS MATERIALIZED (
    SELECT s.id, me.super_admin OR s.id = ANY (me.admin_of) AS allowed
      FROM caller_scope(:caller) AS me, societies s WHERE s.id = :society AND has_part(me, s.id)
), claim AS MATERIALIZED (
    SELECT c.* FROM place p, claim_key(:caller, :method, :path, :key, :payload, :decided) c WHERE p.allowed
), changed AS MATERIALIZED (
    SELECT set_policies(p.id, :decided, :caller, :request) FROM place p, claim c WHERE c.fresh
)
SELECT outcome(p.allowed, c.mismatch, c.fresh, c.answer) FROM place p LEFT JOIN claim c ON true LEFT JOIN changed ON true
