-- :name may be null
WITH place AS MATERIALIZED (
    SELECT p.flat_id, p.is_active, me.super_admin OR p.society_id = ANY (me.admin_of) OR p.block_id = ANY (me.blocks) AS allowed
      FROM caller_scope(:caller) AS me, places p WHERE p.flat_id = :flat AND has_part(me, p.society_id)
), claim AS MATERIALIZED (
    SELECT c.* FROM place p, claim_key(:caller, :method, :path, :key, :payload, CASE WHEN p.is_active THEN '{}'::jsonb END) c WHERE p.allowed
), settled AS MATERIALIZED (
    SELECT settle_resident(:flat, :phone, :name, :role, 'admin', :caller, :request, :trace) AS told FROM claim c WHERE c.fresh
), lives AS MATERIALIZED (
    -- A repetition is answered what is there by now, and lets nobody in who was moved out meanwhile.
    SELECT jsonb_build_object('occupancy', o.id) AS told
      FROM claim c, users u JOIN live_occupancies o ON o.user_id = u.id AND o.flat_id = :flat
     WHERE NOT c.fresh AND NOT c.mismatch AND c.answer IS NOT NULL AND u.phone = :phone
    UNION ALL
    SELECT jsonb_build_object('claim', r.id) FROM claim c, resident_claims r
     WHERE NOT c.fresh AND NOT c.mismatch AND c.answer IS NOT NULL AND r.flat_id = :flat AND r.phone = :phone
), answer AS (
    SELECT told FROM settled UNION ALL (SELECT told FROM lives LIMIT 1)
)
SELECT outcome(p.allowed, c.mismatch, coalesce((a.told -> 'fresh')::boolean, false), CASE WHEN a.told IS NOT NULL THEN jsonb_build_object(
                   'id', coalesce(a.told -> 'occupancy', a.told -> 'claim'),
                   'kind', CASE WHEN a.told ? 'occupancy' THEN 'occupancy' ELSE 'claim' END) END,
               CASE WHEN p.is_active THEN '{"code": "wrong_state", "status": "ended"}'::jsonb
                    ELSE '{"code": "not_allowed", "because": "flat_not_active", "status": "inactive"}' END,
               CASE WHEN a.told ? 'event' THEN jsonb_build_array(a.told -> 'event') END)
  FROM place p LEFT JOIN claim c ON true LEFT JOIN answer a ON true
