-- A receipt is no change that anyone would audit. :opened is whether the message was
WITH target AS MATERIALIZED (
    SELECT n.id, n.visitor_id, :request::text AS request_id,
           CASE WHEN :opened OR n.status = 'opened' THEN 'opened' ELSE 'delivered' END AS status
      FROM hold_message(:caller, :message) n
), claim AS MATERIALIZED (
    SELECT c.* FROM target t, claim_key(:caller, :method, :path, :key, :payload, jsonb_build_object('id', t.id, 'status', t.status)) c
), told AS MATERIALIZED (
    SELECT note_receipt(:message, :opened) AS events FROM claim c WHERE c.fresh
)
SELECT outcome(true, c.mismatch, c.fresh, c.answer, p_events => (SELECT events FROM told),
               -- News that were put off are told by the dispatcher.
               p_queued => coalesce((SELECT CASE WHEN d.events = '[]' THEN delivery_waits(t.visitor_id) END
                                       FROM told d, target t), false))
  FROM claim c
