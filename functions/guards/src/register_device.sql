-- $1-$6 as in shared::write; $7 identifier, $8 token, $9 platform, $10 device info
WITH claim AS MATERIALIZED (
    SELECT c.* FROM claim_key($1, $2, $3, $4, $5, '{}') c
), done AS MATERIALIZED (
    SELECT r.device, r.moved_from FROM claim c, register_device($1, $7, $8, $9, $10) r WHERE c.fresh
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, request_id, details)
    SELECT $1, 'device.move', 'device', (device).id, $6, jsonb_build_object('moved_from', moved_from)
      FROM done WHERE moved_from IS NOT NULL
), kept AS MATERIALIZED (
    SELECT keep_answer($1, $2, $3, $4, to_jsonb(device) || jsonb_build_object('fcm_token', (device).token)) AS answer
      FROM done
)
SELECT jsonb_build_object('allowed', true, 'fresh', c.fresh, 'mismatch', c.mismatch,
                          'answer', coalesce((SELECT answer FROM kept), c.answer))
  FROM claim c
