WITH claim AS MATERIALIZED (
    SELECT c.* FROM claim_key(:caller, :method, :path, :key, :payload, '{}') c
), done AS MATERIALIZED (
    SELECT r.device, r.moved_from FROM claim c, register_device(:caller, NULL, :token, :platform, :device_info) r WHERE c.fresh
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, request_id, details)
    SELECT :caller, 'device.move', 'device', (device).id, :request, jsonb_build_object('moved_from', moved_from)
      FROM done WHERE moved_from IS NOT NULL
), kept AS MATERIALIZED (
    SELECT keep_answer(:caller, :method, :path, :key, to_jsonb(device) || jsonb_build_object('device_type', (device).platform)) AS answer
      FROM done
)
SELECT outcome(true, c.mismatch, c.fresh, coalesce((SELECT answer FROM kept), c.answer)) FROM claim c
