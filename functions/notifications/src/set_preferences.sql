-- Quiet hours may be null
WITH claim AS MATERIALIZED (
    SELECT c.* FROM claim_key(:caller, :method, :path, :key, :payload, jsonb_build_object(
        'push', :push::bool, 'sms', :sms::bool, 'whatsapp', :whatsapp::bool, 'quiet_from', :quiet_from::text, 'quiet_until', :quiet_until::text)) c
), made AS (
    INSERT INTO notification_preferences AS p (user_id, push, sms, whatsapp, quiet_from, quiet_until)
    SELECT :caller, :push, :sms, :whatsapp, :quiet_from::time, :quiet_until::time FROM claim c WHERE c.fresh
        ON CONFLICT (user_id) DO UPDATE
       SET push = excluded.push, sms = excluded.sms, whatsapp = excluded.whatsapp,
           quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until, updated_at = now()
), audited AS (
    -- Consent to messages has to be shown on request.
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, request_id, details)
    SELECT :caller, 'notification_preferences.set', 'user', :caller, :request, c.answer FROM claim c WHERE c.fresh
)
SELECT outcome(true, c.mismatch, c.fresh, c.answer) FROM claim c
