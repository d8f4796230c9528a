-- $1-$6 as in shared::write; $7 push, $8 SMS, $9 WhatsApp, $10 and $11 quiet hours or null
WITH claim AS MATERIALIZED (
    SELECT c.* FROM claim_key($1, $2, $3, $4, $5, jsonb_build_object(
        'push', $7, 'sms', $8, 'whatsapp', $9, 'quiet_from', $10, 'quiet_until', $11)) c
), made AS (
    INSERT INTO notification_preferences AS p (user_id, push, sms, whatsapp, quiet_from, quiet_until)
    SELECT $1, $7, $8, $9, $10::time, $11::time FROM claim c WHERE c.fresh
        ON CONFLICT (user_id) DO UPDATE
       SET push = excluded.push, sms = excluded.sms, whatsapp = excluded.whatsapp,
           quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until, updated_at = now()
), audited AS (
    -- Consent to messages has to be shown on request.
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, request_id, details)
    SELECT $1, 'notification_preferences.set', 'user', $1, $6, c.answer FROM claim c WHERE c.fresh
)
SELECT jsonb_build_object('allowed', true, 'fresh', c.fresh, 'mismatch', c.mismatch, 'answer', c.answer) FROM claim c
