-- :steps is a list, empty for the default ones
WITH place AS MATERIALIZED (
    SELECT s.id, me.super_admin OR s.id = ANY (me.admin_of) AS allowed
      FROM caller_scope(:caller) AS me, societies s WHERE s.id = :society AND has_part(me, s.id)
), claim AS MATERIALIZED (
    SELECT c.* FROM place p, claim_key(:caller, :method, :path, :key, :payload, jsonb_build_object(
        'is_default', :steps::jsonb = '[]', 'steps', CASE :steps WHEN '[]' THEN own_escalation_steps(NULL) ELSE :steps END)) c
     WHERE p.allowed
), changed AS MATERIALIZED (
    SELECT p.id, set_escalation_steps(p.id, :steps) AS before FROM place p, claim c WHERE c.fresh
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT :caller, 'escalation_steps.set', 'society', d.id, d.id, :request, jsonb_build_object('before', d.before, 'after', :steps)
      FROM changed d WHERE d.before <> :steps
)
SELECT outcome(p.allowed, c.mismatch, c.fresh, c.answer) FROM place p LEFT JOIN claim c ON true
