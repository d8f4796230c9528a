-- What a client is sent that comes into a room. $1 room, $2 its flat or society, $3 the last event the client has, $4 events at most
WITH place AS MATERIALIZED (
    SELECT coalesce((SELECT seq FROM room_sequences WHERE room = $1), 0) AS seq
), missed AS MATERIALIZED (
    -- Either all of it or nothing: less than the numbers say means that some is not kept any more.
    SELECT o.id, o.seq, o.event, o.data FROM outbox o, place
     WHERE o.room = $1 AND o.seq > $3 AND o.seq <= place.seq AND place.seq - $3 <= $4
), verdict AS MATERIALIZED (
    SELECT seq, coalesce($3 <= seq AND seq - $3 <= $4 AND seq - $3 = (SELECT count(*) FROM missed), false) AS recovered
      FROM place
), open AS (
    -- Who waits at the gate for the flat's answer.
    SELECT o.id, o.seq, o.event, o.data
      FROM verdict, visitors v
      JOIN outbox o ON o.room = $1 AND o.event = 'visitor_request' AND o.data ->> 'visitor_id' = v.id::text
     WHERE NOT recovered AND starts_with($1, 'flat:') AND v.flat_id = $2 AND v.status = 'pending' AND NOT v.guest_pass
       AND v.hidden_at IS NULL AND coalesce(v.approval_deadline, 'infinity') > now()
    UNION ALL
    -- Emergencies of the society that are not resolved. An alert calls for someone, so where a guard is on it, it is
    -- their step that is told.
    SELECT o.id, o.seq, o.event, o.data
      FROM verdict, emergencies e
      JOIN outbox o ON o.room = $1 AND o.data ->> 'emergency_id' = e.id::text
       AND o.event = CASE e.status WHEN 'pending' THEN 'emergency_alert' ELSE 'emergency_updated' END
     WHERE NOT recovered AND starts_with($1, 'society:') AND e.society_id = $2 AND e.status <> 'resolved'
), sent AS (
    SELECT m.* FROM missed m, verdict WHERE verdict.recovered
    UNION ALL
    (SELECT id, seq, event, data FROM open ORDER BY seq DESC LIMIT $4)
)
SELECT jsonb_build_object('seq', verdict.seq, 'recovered', verdict.recovered, 'events', coalesce((
    SELECT jsonb_agg(jsonb_build_object('id', id, 'room', $1, 'seq', seq, 'event', event, 'data', data) ORDER BY seq)
      FROM sent), '[]'))
  FROM verdict
