-- $1-$6 as in shared::write; $7 message, $8 whether it was opened. A receipt is no change that anyone would audit.
WITH target AS MATERIALIZED (
    SELECT n.id, n.visitor_id, $6::text AS request_id,
           CASE WHEN $8 OR n.status = 'opened' THEN 'opened' ELSE 'delivered' END AS status
      FROM hold_message($1, $7) n
), claim AS MATERIALIZED (
    SELECT c.* FROM target t, claim_key($1, $2, $3, $4, $5, jsonb_build_object('id', t.id, 'status', t.status)) c
), told AS MATERIALIZED (
    SELECT note_receipt($7, $8) AS events FROM claim c WHERE c.fresh
)
SELECT jsonb_build_object('allowed', true, 'fresh', c.fresh, 'mismatch', c.mismatch, 'answer', c.answer,
                          'events', (SELECT events FROM told),
                          -- News that were put off are told by the dispatcher.
                          'queued', coalesce((SELECT CASE WHEN d.events = '[]' THEN delivery_waits(t.visitor_id) END
                                                FROM told d, target t), false))
  FROM claim c
