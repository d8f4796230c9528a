WITH place AS MATERIALIZED (
    SELECT o.id, o.flat_id, me.super_admin OR p.society_id = ANY (me.admin_of) OR p.block_id = ANY (me.blocks) AS allowed
      FROM caller_scope(:caller) AS me, flat_occupancies o JOIN places p ON p.flat_id = o.flat_id
     WHERE o.id = :occupancy AND has_part(me, p.society_id)
), held AS MATERIALIZED (
    SELECT hold_occupancy(p.id) AS is_open FROM place p WHERE p.allowed
), claim AS MATERIALIZED (
    SELECT c.* FROM place p, held h, claim_key(:caller, :method, :path, :key, :payload, CASE WHEN h.is_open THEN
        jsonb_build_object('id', p.id, 'message', 'They live there no more.') END) c
), moved AS MATERIALIZED (
    SELECT move_out(p.id, :caller, :request, :trace) AS event FROM place p, claim c WHERE c.fresh
)
SELECT outcome(p.allowed, c.mismatch, c.fresh, c.answer, '{"code": "wrong_state", "status": "ended"}', (SELECT jsonb_agg(event) FROM moved))
  FROM place p LEFT JOIN claim c ON true
