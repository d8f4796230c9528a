-- What is null stays, but that another text is a draft until it is approved
WITH me AS MATERIALIZED (
    SELECT super_admin AS allowed FROM caller_scope(:caller)
), target AS MATERIALIZED (
    -- The lock waits for a parallel change and shows what it left.
    SELECT t.* FROM me JOIN message_templates t ON t.id = :template WHERE me.allowed FOR NO KEY UPDATE OF t
), wish AS MATERIALIZED (
    SELECT t.id, t.kind, t.channel, t.language, coalesce(:body, t.body) AS body, coalesce(:dlt, t.dlt_template_id) AS dlt_template_id,
           coalesce(:whatsapp, t.whatsapp_name) AS whatsapp_name,
           coalesce(:approval, CASE WHEN t.body <> :body THEN 'draft' ELSE t.approval END) AS approval, t.created_at,
           CASE WHEN (t.body, t.dlt_template_id, t.whatsapp_name, t.approval) IS DISTINCT FROM
                     (coalesce(:body, t.body), coalesce(:dlt, t.dlt_template_id), coalesce(:whatsapp, t.whatsapp_name),
                      coalesce(:approval, CASE WHEN t.body <> :body THEN 'draft' ELSE t.approval END))
                THEN now() ELSE t.updated_at END AS updated_at
      FROM target t
), judged AS MATERIALIZED (
    SELECT template_refusal(w.kind, w.channel, w.body, w.dlt_template_id, w.whatsapp_name, w.approval) AS problem FROM wish w
), claim AS MATERIALIZED (
    SELECT c.* FROM wish w, judged j,
        claim_key(:caller, :method, :path, :key, :payload, CASE WHEN j.problem IS NULL THEN to_jsonb(w) END) c
), changed AS (
    UPDATE message_templates t
       SET body = w.body, dlt_template_id = w.dlt_template_id, whatsapp_name = w.whatsapp_name, approval = w.approval, updated_at = now()
      FROM wish w, claim c
     WHERE t.id = w.id AND c.fresh AND w.updated_at = now()
    RETURNING t.id
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, request_id, details)
    SELECT :caller, 'message_template.change', 'message_template', d.id, :request, jsonb_build_object(
               'before', to_jsonb(t) - '{id,created_at,updated_at}'::text[], 'after', to_jsonb(w) - '{id,created_at,updated_at}'::text[])
      FROM changed d, target t, wish w
)
SELECT outcome(me.allowed, c.mismatch, c.fresh, c.answer, jsonb_build_object('code', 'invalid', 'problem', j.problem))
  FROM me LEFT JOIN target t ON true LEFT JOIN judged j ON true LEFT JOIN claim c ON true
 WHERE NOT me.allowed OR t.id IS NOT NULL
