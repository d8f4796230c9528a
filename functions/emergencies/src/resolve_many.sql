-- :ids are emergencies, or :flat the one whose open ones are meant; the other is null
WITH me AS MATERIALIZED (
    SELECT s AS scope FROM caller_scope(:caller) AS s
), place AS MATERIALIZED (
    SELECT p.society_id = ANY ((me.scope).guard_of) AS allowed FROM me, places p
     WHERE p.flat_id = :flat AND has_part(me.scope, p.society_id)
    UNION ALL
    SELECT cardinality((me.scope).guard_of) > 0 FROM me WHERE :ids::uuid[] IS NOT NULL
), wanted AS MATERIALIZED (
    SELECT id, min(place) AS place FROM unnest(:ids::uuid[]) WITH ORDINALITY AS w (id, place) GROUP BY id
    UNION ALL
    SELECT id, row_number() OVER (ORDER BY created_at) FROM (
        SELECT id, created_at FROM emergencies WHERE flat_id = :flat AND status <> 'resolved' ORDER BY created_at LIMIT 100) o
), target AS MATERIALIZED (
    -- The locks wait for parallel steps and show the states they left; in order, so that no two wait for each other.
    SELECT e.id, e.society_id, e.flat_id, e.status, g.id AS guard_id
      FROM me, wanted w, emergencies e LEFT JOIN guards g ON g.user_id = :caller AND g.society_id = e.society_id AND g.active
     WHERE e.id = w.id AND CASE WHEN has_part(me.scope, e.society_id) AND EXISTS (SELECT FROM place WHERE place.allowed)
           THEN alone('emergency:' || e.id) END
     ORDER BY e.id
       FOR NO KEY UPDATE OF e
), judged AS MATERIALIZED (
    SELECT w.id, w.place, t.society_id, t.flat_id, t.status, t.guard_id,
           CASE WHEN t.id IS NULL THEN 'not_found'
                WHEN t.guard_id IS NULL OR NOT t.society_id = ANY ((me.scope).guard_of) THEN 'forbidden'
                WHEN t.status = 'resolved' THEN 'resolved_before' ELSE 'resolved' END AS outcome
      FROM me, wanted w LEFT JOIN target t ON t.id = w.id
), claim AS MATERIALIZED (
    SELECT c.* FROM place p, claim_key(:caller, :method, :path, :key, :payload, CASE WHEN p.allowed THEN (
        SELECT jsonb_build_object('resolved', count(*) FILTER (WHERE outcome = 'resolved'), 'results', coalesce(
                   jsonb_agg(jsonb_build_object('id', id, 'outcome', outcome) ORDER BY place), '[]')) FROM judged) END) c
     WHERE p.allowed
), changed AS (
    -- The rows are locked, so their states are still those that were judged.
    UPDATE emergencies e
       SET status = 'resolved', updated_at = now(), resolved_by_guard_id = j.guard_id, resolved_at = now(),
           addressed_by_guard_id = coalesce(e.addressed_by_guard_id, j.guard_id), addressed_at = coalesce(e.addressed_at, now())
      FROM judged j, claim c
     WHERE e.id = j.id AND j.outcome = 'resolved' AND c.fresh
    RETURNING e.id, e.society_id, e.flat_id, j.status AS was
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id)
    SELECT :caller, 'emergency.' || s.step, 'emergency', id, society_id, :request
      FROM changed, unnest(CASE was WHEN 'pending' THEN '{addressed,resolved}' ELSE '{resolved}' END::text[]) AS s (step)
), told AS (
    SELECT tell_resolved(jsonb_agg(jsonb_build_object('id', id, 'flat_id', flat_id, 'society_id', society_id)), :caller, :request, :trace) AS events
      FROM changed
)
SELECT outcome(place.allowed, c.mismatch, c.fresh, c.answer, p_events => (SELECT events FROM told))
  FROM place LEFT JOIN claim c ON true
