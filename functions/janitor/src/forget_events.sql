-- $1 policy, $2 its default in hours, $3 rows
WITH shortest AS MATERIALIZED (
    SELECT least($2, min((value #>> '{}')::integer)) AS hours FROM policies WHERE name = $1
)
DELETE FROM outbox WHERE id IN (
    SELECT o.id FROM shortest, outbox o JOIN room_sequences r ON r.room = o.room
     WHERE o.created_at < now() - make_interval(hours => shortest.hours)
       AND o.created_at < now() - make_interval(hours => policy_number(room_society(o.room), $1, $2))
       AND o.seq <= r.pushed
       AND NOT (o.event = 'emergency_alert' AND EXISTS (
               SELECT FROM emergencies e WHERE e.id::text = o.data ->> 'emergency_id' AND e.status <> 'resolved'))
     LIMIT $3
       FOR UPDATE OF o SKIP LOCKED)
