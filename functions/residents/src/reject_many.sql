-- :ids are requests, or :user the one whose open ones are meant; the other is null
WITH me AS MATERIALIZED (
    SELECT s AS scope, (s).super_admin OR cardinality((s).admin_of || (s).blocks) > 0 AS allowed FROM caller_scope(:caller) AS s
), wanted AS MATERIALIZED (
    SELECT id, min(place) AS place FROM unnest(:ids::uuid[]) WITH ORDINALITY AS w (id, place) GROUP BY id
    UNION ALL
    SELECT id, row_number() OVER (ORDER BY submitted_at) FROM (
        SELECT r.id, r.submitted_at FROM me, resident_requests r
         WHERE r.requesting_user_id = :user AND r.status = 'pending'
           AND ((me.scope).super_admin OR r.society_id = ANY ((me.scope).admin_of) OR r.block_id = ANY ((me.scope).blocks))
         ORDER BY r.submitted_at LIMIT 100) o
), target AS MATERIALIZED (
    -- The locks wait for parallel decisions and show the states they left; in order, so that no two wait for each other.
    SELECT r.id, r.requesting_user_id, r.society_id, r.block_id, r.flat_id, r.status
      FROM me, wanted w, resident_requests r
     WHERE r.id = w.id AND has_part(me.scope, r.society_id) AND me.allowed
     ORDER BY r.id
       FOR NO KEY UPDATE OF r
), judged AS MATERIALIZED (
    SELECT w.id, w.place, t.requesting_user_id, t.society_id, t.flat_id,
           CASE WHEN t.id IS NULL THEN 'not_found'
                WHEN t.requesting_user_id = :caller
                     OR NOT ((me.scope).super_admin OR t.society_id = ANY ((me.scope).admin_of) OR t.block_id = ANY ((me.scope).blocks))
                THEN 'forbidden'
                WHEN t.status <> 'pending' THEN t.status || '_before' ELSE 'rejected' END AS outcome
      FROM me, wanted w LEFT JOIN target t ON t.id = w.id
), claim AS MATERIALIZED (
    SELECT c.* FROM me, claim_key(:caller, :method, :path, :key, :payload, CASE WHEN me.allowed THEN (
        SELECT jsonb_build_object('rejected', count(*) FILTER (WHERE outcome = 'rejected'), 'results', coalesce(
                   jsonb_agg(jsonb_build_object('id', id, 'outcome', outcome) ORDER BY place), '[]')) FROM judged) END) c
     WHERE me.allowed
), changed AS (
    -- The rows are locked, so their states are still those that were judged.
    UPDATE resident_requests r
       SET status = 'rejected', processed_by = :caller, processed_at = now(), processed_note = :note
      FROM judged j, claim c
     WHERE r.id = j.id AND j.outcome = 'rejected' AND c.fresh
    RETURNING r.id, r.requesting_user_id, r.society_id, r.flat_id
), decided AS (
    INSERT INTO resident_request_approvals (request_id, user_id, decision, note) SELECT id, :caller, 'reject', :note FROM changed
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT :caller, 'resident_request.reject', 'resident_request', id, society_id, :request,
           jsonb_build_object('flat_id', flat_id, 'user_id', requesting_user_id) FROM changed
)
SELECT outcome(me.allowed, c.mismatch, c.fresh, c.answer)
  FROM me LEFT JOIN claim c ON true
