-- :open_in_a_flat is the most that are open in a flat, :alerts_again_after the seconds after which a further report alerts
-- anew
WITH place AS MATERIALIZED (
    SELECT p.*, p.flat_id = ANY (me.flats) AS allowed
      FROM places p, caller_scope(:caller) AS me
     WHERE p.flat_id = :flat AND has_part(me, p.society_id)
), open AS MATERIALIZED (
    -- The emergency that it belongs to, locked; none where it is one of its own.
    SELECT e.*, coalesce(e.alerted_at, e.created_at) <= clock_timestamp() - make_interval(secs => :alerts_again_after) AS rings,
           -- Longer than what one report may say ten times, nobody reads it.
           CASE WHEN length(concat_ws(E'\n', e.description, :description::text)) <= 10000 THEN concat_ws(E'\n', e.description, :description)
                ELSE e.description END AS words
      FROM place p, emergency_to_join(p.flat_id, :open_in_a_flat) e WHERE p.allowed AND e.id IS NOT NULL
), draft AS MATERIALIZED (
    SELECT :id::uuid AS id, p.society_id, p.block_id, p.flat_id, :caller::uuid AS reported_by_user_id,
           :description::text AS description, 'pending' AS status, NULL::uuid AS addressed_by_guard_id,
           NULL::timestamptz AS addressed_at, NULL::uuid AS resolved_by_guard_id, NULL::timestamptz AS resolved_at,
           now() AS created_at, now() AS updated_at, p.flat_number, p.block_name
      FROM place p WHERE p.allowed AND NOT EXISTS (SELECT FROM open)
), claim AS MATERIALIZED (
    SELECT c.* FROM claim_key(:caller, :method, :path, :key, :payload, coalesce(
        (SELECT to_jsonb(d) FROM draft d),
        (SELECT to_jsonb(o) - '{rings,words}'::text[] || jsonb_build_object('flat_number', p.flat_number, 'block_name', p.block_name)
                || CASE WHEN o.rings THEN jsonb_build_object('description', o.words, 'updated_at', now()) ELSE '{}' END
           FROM open o, place p))) c
     WHERE EXISTS (SELECT FROM place p WHERE p.allowed)
), added AS (
    INSERT INTO emergencies (id, society_id, block_id, flat_id, reported_by_user_id, description, created_at, updated_at)
    SELECT d.id, d.society_id, d.block_id, d.flat_id, d.reported_by_user_id, d.description, d.created_at, d.updated_at
      FROM draft d, claim c WHERE c.fresh
    RETURNING id, society_id, flat_id, description, status, created_at
), joined AS (
    UPDATE emergencies e SET alerted_at = clock_timestamp(), description = o.words, updated_at = now()
      FROM open o, claim c WHERE e.id = o.id AND o.rings AND c.fresh
    RETURNING e.id, e.society_id, e.flat_id, e.description, e.status, e.created_at
), made AS (
    SELECT *, 'emergency.report' AS action FROM added UNION ALL SELECT *, 'emergency.report_again' FROM joined
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT :caller, m.action, 'emergency', m.id, m.society_id, :request, jsonb_build_object('flat_id', m.flat_id) FROM made m
), told AS (
    SELECT emit('society:' || m.society_id, 'emergency_alert', jsonb_build_object(
               'emergency_id', m.id, 'flat_id', m.flat_id, 'flat_number', p.flat_number, 'block_name', p.block_name,
               'description', m.description, 'reported_by', u.name, 'reported_by_phone', gate_phone(m.society_id, u.phone),
               'created_at', rfc3339(m.created_at), 'status', m.status), :caller, :request, :trace) AS event
      FROM made m, place p, users u WHERE u.id = :caller
)
SELECT outcome(p.allowed, c.mismatch, c.fresh, c.answer, p_events => (SELECT jsonb_agg(event) FROM told))
  FROM place p LEFT JOIN claim c ON true
