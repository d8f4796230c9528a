-- :notification is the id of the message. The most invitations are :of_a_pass, :of_a_number in a day, :of_a_user and
-- :of_a_society where it has decided nothing, and so are :countries, prefixes of numbers
WITH target AS MATERIALIZED (
    SELECT v.id, v.society_id, v.flat_id, v.phone, v.status, v.expected_end,
           v.status IN ('pending', 'accepted') AND approved_template('invite', :channel) IS NULL AS unapproved,
           is_own(me, v) OR is_staff(me, v.society_id, v.block_id) AS allowed
      FROM visitors v, caller_scope(:caller) AS me
     WHERE v.id = :visitor AND CASE WHEN has_part(me, v.society_id) THEN alone('visitor:' || v.id) END
       FOR NO KEY UPDATE OF v
), judged AS MATERIALIZED (
    SELECT t.*, coalesce(
               number_refusal(t.phone, coalesce(
                   (SELECT value FROM policies p WHERE p.society_id = t.society_id AND p.name = 'message_countries'), :countries::jsonb)),
               CASE WHEN :channel = 'whatsapp' AND NOT takes_whatsapp(t.phone) THEN 'no_consent' END) AS because
      FROM target t WHERE t.allowed AND t.status IN ('pending', 'accepted') AND NOT t.unapproved
), earlier AS MATERIALIZED (
    -- What was answered under the key before is answered again, and not counted. The visitor is locked, so no twin comes
    -- in between.
    SELECT c.* FROM target t, claim_key(:caller, :method, :path, :key, :payload, NULL) c WHERE t.allowed
), wanted AS MATERIALIZED (
    SELECT j.* FROM judged j, earlier e WHERE j.because IS NULL AND e.answer IS NULL AND NOT e.mismatch
), counted AS MATERIALIZED (
    SELECT o.* FROM wanted w,
           count_invite(w.id, w.phone, w.society_id, :caller, :of_a_pass, :of_a_number, policy_number(w.society_id, 'invites_a_day', :of_a_society), :of_a_user) o
), free AS MATERIALIZED (
    SELECT jsonb_build_object('message', 'The invitation is on its way.', 'notification_id', :notification::uuid) AS answer
      FROM wanted WHERE NOT EXISTS (SELECT FROM counted)
), claim AS MATERIALIZED (
    SELECT c.* FROM free f, claim_key(:caller, :method, :path, :key, :payload, f.answer) c
), made AS (
    INSERT INTO deliveries (id, visitor_id, society_id, flat_id, channel, kind, expires_at, payload, request_id, trace_id)
    SELECT :notification, t.id, t.society_id, t.flat_id, :channel, 'invite', coalesce(t.expected_end, now() + interval '1 day'),
           jsonb_build_object('type', 'invite', 'visitor_id', t.id), :request, :trace
      FROM target t, claim c WHERE c.fresh
    RETURNING id
), unsent AS (
    -- Trying again and again while there is no text leaves one row.
    INSERT INTO notifications (id, visitor_id, society_id, flat_id, channel, kind, expires_at, payload, status, reason, failed_at,
                               request_id, trace_id)
    SELECT uuid_v7(), t.id, t.society_id, t.flat_id, :channel, 'invite', coalesce(t.expected_end, now() + interval '1 day'),
           jsonb_build_object('type', 'invite', 'visitor_id', t.id), 'failed', 'template_not_approved', now(),
           :request, :trace
      FROM target t JOIN earlier e ON true
     WHERE t.allowed AND t.unapproved AND e.answer IS NULL AND NOT e.mismatch AND NOT EXISTS (
           SELECT FROM notifications n
            WHERE n.visitor_id = t.id AND n.kind = 'invite' AND n.channel = :channel AND n.reason = 'template_not_approved')
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT :caller, 'visitor.invite', 'visitor', t.id, t.society_id, :request, jsonb_build_object('channel', :channel)
      FROM target t, claim c WHERE c.fresh
)
SELECT outcome(
           t.allowed, e.mismatch, c.fresh, coalesce(c.answer, e.answer),
           CASE WHEN o.what <> 'pass' THEN jsonb_build_object('code', 'over_bound', 'over', to_jsonb(o))
                WHEN t.unapproved THEN '{"code": "template_not_approved"}'
                WHEN j.because IS NOT NULL THEN jsonb_build_object('code', 'not_allowed', 'because', j.because, 'status', j.because)
                WHEN o.what = 'pass' THEN '{"code": "not_allowed", "because": "invited_often", "status": "invited_often"}'
                ELSE jsonb_build_object('code', 'wrong_state', 'status', t.status) END,
           p_queued => EXISTS (SELECT FROM made))
  FROM target t LEFT JOIN judged j ON true LEFT JOIN earlier e ON true LEFT JOIN counted o ON true LEFT JOIN claim c ON true
