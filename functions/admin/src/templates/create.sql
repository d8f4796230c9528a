-- :dlt and :whatsapp may be null; :id is the new template's
WITH draft AS MATERIALIZED (
    SELECT me.super_admin AS allowed, template_refusal(:kind, :channel, :body, :dlt, :whatsapp, :approval) AS problem, jsonb_build_object(
               'id', :id::uuid, 'kind', :kind::text, 'channel', :channel::text, 'language', :language::text, 'body', :body::text,
               'dlt_template_id', :dlt::text, 'whatsapp_name', :whatsapp::text, 'approval', :approval::text,
               'created_at', now(), 'updated_at', now()) AS answer
      FROM caller_scope(:caller) AS me
), claim AS MATERIALIZED (
    SELECT c.* FROM draft d, claim_key(:caller, :method, :path, :key, :payload, CASE WHEN d.problem IS NULL THEN d.answer END) c
     WHERE d.allowed
), made AS (
    INSERT INTO message_templates (id, kind, channel, language, body, dlt_template_id, whatsapp_name, approval)
    SELECT :id, :kind, :channel, :language, :body, :dlt, :whatsapp, :approval FROM claim c WHERE c.fresh
    RETURNING *
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, request_id, details)
    SELECT :caller, 'message_template.create', 'message_template', m.id, :request,
           jsonb_build_object('before', NULL, 'after', to_jsonb(m) - '{id,created_at,updated_at}'::text[])
      FROM made m
)
SELECT outcome(d.allowed, c.mismatch, c.fresh, c.answer, jsonb_build_object('code', 'invalid', 'problem', d.problem))
  FROM draft d LEFT JOIN claim c ON true
