-- What a client is sent that comes into a room. :place is its flat or society, :since the last event that the client has,
-- :epoch the epoch of that, :most the events at most, :user the client's
WITH place AS MATERIALIZED (
    SELECT e.epoch, coalesce((SELECT seq FROM room_sequences WHERE room = :room), 0) AS seq,
           -- A position of another epoch counts other events. One without is believed until a restore has renewed it.
           CASE WHEN coalesce(:epoch = e.epoch, e.renewed_at IS NULL) THEN :since::int8 END AS has,
           -- What a flat's room was told before they moved in is not theirs.
           CASE WHEN starts_with(:room, 'flat:') THEN lives_since(me, :place) ELSE '-infinity' END AS since
      FROM caller_scope(:user) AS me, room_epoch e
), kept AS MATERIALIZED (
    -- One more than may be sent, since it may be the last that is not theirs.
    SELECT o.id, o.seq, o.event, o.data, o.created_at >= place.since AS theirs FROM outbox o, place
     WHERE o.room = :room AND has IS NOT NULL AND o.seq > greatest(has, place.seq - :most - 1) AND o.seq <= place.seq
), reach AS MATERIALIZED (
    -- The client has what it says it has, and lacks nothing of what is not theirs.
    SELECT epoch, seq, has, greatest(has, (SELECT max(k.seq) FROM kept k WHERE NOT k.theirs)) AS base FROM place
), verdict AS MATERIALIZED (
    -- Either all of it or nothing: less than the numbers say means that some is not kept any more.
    SELECT epoch, seq, coalesce(has <= seq AND seq - base <= :most
                         AND seq - base = (SELECT count(*) FROM kept k WHERE k.seq > base AND k.theirs), false) AS recovered
      FROM reach
), open AS (
    -- Who waits at the gate for the flat's answer; also where they came before the client's user did (is_own).
    SELECT o.id, o.seq, o.event, o.data
      FROM verdict, visitors v
      JOIN outbox o ON o.room = :room AND o.event = 'visitor_request' AND o.data ->> 'visitor_id' = v.id::text
     WHERE NOT recovered AND starts_with(:room, 'flat:') AND v.flat_id = :place AND v.status = 'pending' AND NOT v.guest_pass
       AND v.hidden_at IS NULL AND coalesce(v.approval_deadline, 'infinity') > now()
    UNION ALL
    -- Emergencies of the society that are not resolved. An alert calls for someone, so where a guard is on it, it is
    -- their step that is told. Of alerts that were repeated it is the last.
    (SELECT DISTINCT ON (e.id) o.id, o.seq, o.event, o.data
       FROM verdict, emergencies e
       JOIN outbox o ON o.room = :room AND o.data ->> 'emergency_id' = e.id::text
        AND o.event = CASE e.status WHEN 'pending' THEN 'emergency_alert' ELSE 'emergency_updated' END
      WHERE NOT recovered AND starts_with(:room, 'society:') AND e.society_id = :place AND e.status IN ('pending', 'addressed')
      ORDER BY e.id, o.seq DESC)
), sent AS (
    SELECT k.id, k.seq, k.event, k.data FROM kept k, verdict WHERE verdict.recovered AND k.theirs
    UNION ALL
    (SELECT id, seq, event, data FROM open ORDER BY seq DESC LIMIT :most)
)
SELECT jsonb_build_object('epoch', verdict.epoch, 'seq', verdict.seq, 'recovered', verdict.recovered, 'events', coalesce((
    SELECT jsonb_agg(jsonb_build_object(
               'id', id, 'room', :room, 'epoch', verdict.epoch, 'seq', seq, 'event', event,
               -- The policy of now counts, not that of the day.
               'data', CASE WHEN event = 'emergency_alert' THEN data || jsonb_build_object(
                                'reported_by_phone', gate_phone(:place, data ->> 'reported_by_phone')) ELSE data END) ORDER BY seq)
      FROM sent), '[]'))
  FROM verdict
