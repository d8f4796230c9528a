WITH target AS MATERIALIZED (
    SELECT d.id FROM devices d WHERE d.user_id = :caller AND d.token = :token FOR UPDATE OF d
), claim AS MATERIALIZED (
    -- Without the token only an earlier answer under the same key counts.
    SELECT c.* FROM claim_key(:caller, :method, :path, :key, :payload,
        CASE WHEN EXISTS (SELECT FROM target) THEN '{"message": "The device is forgotten."}'::jsonb END) c
), named AS (
    -- A device that the app has named stays known, without its token.
    UPDATE devices d SET token = NULL, is_active = false, updated_at = now()
      FROM target t, claim c WHERE d.id = t.id AND c.fresh AND d.device_identifier IS NOT NULL
), unnamed AS (
    DELETE FROM devices d USING target t, claim c WHERE d.id = t.id AND c.fresh AND d.device_identifier IS NULL
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, request_id)
    SELECT :caller, 'device.forget', 'device', t.id, :request FROM target t, claim c WHERE c.fresh
)
SELECT outcome(true, c.mismatch, c.fresh, c.answer)
  FROM claim c WHERE c.answer IS NOT NULL OR c.mismatch
