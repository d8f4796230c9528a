-- What became of the visitor $1, a row for each thing that happened, in order; at most $2 of each kind. `place` orders
-- what has the same time, which is all that one statement did.
WITH v AS MATERIALIZED (
    SELECT * FROM visitors WHERE id = $1
), stays AS MATERIALIZED (
    SELECT t.* FROM v JOIN visits t ON t.flat_id = v.flat_id AND t.visitor_id = v.id AND t.checkin_time >= v.created_at
     ORDER BY t.checkin_time LIMIT $2
), told AS MATERIALIZED (
    SELECT o.id, o.room, o.seq, o.event, o.data, o.created_at, o.dead_at, o.request_id, o.trace_id, s.pushed >= o.seq AS is_pushed,
           CASE WHEN s.pushed = o.seq THEN s.pushed_at END AS pushed_at,
           (SELECT count(*) FROM lagging_connections l WHERE l.room = o.room AND l.since < o.seq) AS lagging
      FROM v CROSS JOIN unnest(ARRAY['flat:' || v.flat_id, 'society:' || v.society_id]) AS r (room)
      JOIN outbox o ON o.room = r.room AND o.created_at >= v.created_at LEFT JOIN room_sequences s ON s.room = r.room
     WHERE o.data ->> 'visitor_id' = v.id::text ORDER BY o.created_at, o.room, o.seq LIMIT $2
), sent AS MATERIALIZED (
    -- What waits, and what is known of what was sent.
    SELECT m.*, m.channel || ' message ' || m.id || ' (' || m.kind || ')' AS what
      FROM (SELECT d.id, d.user_id, d.channel, d.kind, d.created_at, d.due_at, NULL::timestamptz AS sent_at,
                   NULL::timestamptz AS delivered_at, NULL::timestamptz AS opened_at, NULL::timestamptz AS failed_at,
                   d.attempts, d.reason, d.request_id, d.trace_id
              FROM v JOIN deliveries d ON d.visitor_id = v.id
            UNION ALL
            SELECT n.id, n.user_id, n.channel, n.kind, n.created_at, NULL, n.sent_at, n.delivered_at, n.opened_at, n.failed_at,
                   n.attempts, n.reason, n.request_id, n.trace_id
              FROM v JOIN notifications n ON n.visitor_id = v.id
               AND n.id >= (lpad(to_hex(floor(extract(epoch FROM v.created_at) * 1000)::bigint), 12, '0')
                            || '00000000000000000000')::uuid) m
     ORDER BY m.created_at, m.id LIMIT $2
), asked AS (
    SELECT e.* FROM v JOIN visitor_escalations e ON e.visitor_id = v.id ORDER BY e.due_at LIMIT $2
), line (at, place, text, request_id, trace_id) AS (
    (SELECT a.created_at, 1,
            CASE a.action WHEN 'visitor.create' THEN 'logged at the gate'
                          WHEN 'guest_pass.create' THEN 'given a guest pass'
                          WHEN 'visitor.respond' THEN concat(
                              'answered by a resident: ', a.details ->> 'decision',
                              CASE WHEN a.details ->> 'via' = 'link' THEN ', by a decision link' END)
                          WHEN 'visitor.guard_respond' THEN 'answered at the gate: ' || (a.details ->> 'decision')
                          WHEN 'visitor.withdraw' THEN 'the pass was withdrawn'
                          WHEN 'visitor.time_out' THEN 'denied, since nobody answered in time'
                          WHEN 'visitor.invite' THEN 'invited by ' || (a.details ->> 'channel')
                          WHEN 'visit.checkin' THEN 'checked in'
                          WHEN 'visit.checkout' THEN 'checked out'
                          ELSE a.action END || coalesce(', by user ' || a.actor_user_id, ''),
            a.request_id, CASE WHEN a.request_id = v.request_id THEN v.trace_id END
       FROM v JOIN audit_logs a ON a.resource_id = v.id AND a.created_at >= v.created_at
      ORDER BY a.created_at LIMIT $2)
    UNION ALL
    SELECT a.created_at, 1, CASE a.action WHEN 'visit.checkin' THEN 'checked in' ELSE 'checked out' END
           || coalesce(', by user ' || a.actor_user_id, ''), a.request_id, NULL
      FROM stays t JOIN audit_logs a ON a.resource_id = t.id AND a.created_at >= t.checkin_time
    UNION ALL
    SELECT p.created_at, 2, format('the answer is noted: %s, as a %s', p.decision, p.decided_by), NULL, NULL
      FROM (SELECT p.* FROM v JOIN visitor_approvals p ON p.visitor_id = v.id ORDER BY p.created_at LIMIT $2) p
    UNION ALL
    SELECT checkin_time, 2, format('visit %s began (%s)', id, checkin_method), NULL, NULL FROM stays
    UNION ALL
    SELECT checkout_time, 2, format('visit %s ended', id), NULL, NULL FROM stays WHERE checkout_time IS NOT NULL
    UNION ALL
    SELECT created_at, 3, concat(format('event %s, number %s of %s: ', event, seq, room),
                                 CASE WHEN dead_at IS NOT NULL THEN 'given up'
                                      WHEN is_pushed THEN 'pushed' ELSE 'not pushed yet' END,
                                 CASE WHEN lagging > 0 THEN format('; %s connections lag behind it', lagging) END),
           request_id, trace_id
      FROM told
    UNION ALL
    SELECT pushed_at, 6, format('the push of number %s of %s was noted', seq, room), request_id, trace_id
      FROM told WHERE pushed_at IS NOT NULL
    UNION ALL
    SELECT dead_at, 6, format('number %s of %s was given up', seq, room), request_id, trace_id FROM told WHERE dead_at IS NOT NULL
    UNION ALL
    SELECT created_at, 4, format('%s queued for user %s', what, coalesce(user_id::text, 'none, it goes to the visitor')), request_id, trace_id
      FROM sent
    UNION ALL
    SELECT sent_at, 7, format('%s taken by the service, try %s', what, attempts), request_id, trace_id
      FROM sent WHERE sent_at IS NOT NULL
    UNION ALL
    SELECT delivered_at, 8, what || ' came, says the phone', request_id, trace_id FROM sent WHERE delivered_at IS NOT NULL
    UNION ALL
    SELECT opened_at, 9, what || ' opened', request_id, trace_id FROM sent WHERE opened_at IS NOT NULL
    UNION ALL
    SELECT failed_at, 7, format('%s not sent: %s, after %s tries', what, reason, attempts), request_id, trace_id
      FROM sent WHERE failed_at IS NOT NULL
    UNION ALL
    SELECT due_at, 10, concat(what, ' is due, after ', attempts, ' tries', ': ' || reason), request_id, trace_id
      FROM sent WHERE due_at IS NOT NULL
    UNION ALL
    SELECT coalesce(done_at, due_at), 5, format(CASE WHEN done_at IS NULL THEN 'step %s: %s to %s is due'
                                                      ELSE 'step %s: %s to %s was taken' END, position, channel, audience), NULL, NULL
      FROM asked
    UNION ALL
    SELECT approval_deadline, 11, 'the deadline', NULL, NULL FROM v WHERE approval_deadline IS NOT NULL
)
SELECT at, text, request_id, trace_id FROM line ORDER BY at, place, text
