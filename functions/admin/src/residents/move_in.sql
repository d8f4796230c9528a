-- :name may be null
WITH place AS MATERIALIZED (
    SELECT p.flat_id, p.is_active, me.super_admin OR p.society_id = ANY (me.admin_of) OR p.block_id = ANY (me.blocks) AS allowed
      FROM caller_scope(:caller) AS me, places p WHERE p.flat_id = :flat AND has_part(me, p.society_id)
), claim AS MATERIALIZED (
    -- What a repetition is answered is looked up anew: who had a claim may live there by now.
    SELECT c.* FROM place p, claim_key(:caller, :method, :path, :key, :payload, CASE WHEN p.is_active THEN '{}'::jsonb END) c WHERE p.allowed
), settled AS MATERIALIZED (
    SELECT settle_resident(:flat, :phone, :name, :role, 'admin', :caller, :request, :trace) AS told
      FROM claim c WHERE c.answer IS NOT NULL AND NOT coalesce(c.mismatch, false)
)
SELECT outcome(p.allowed, c.mismatch, (s.told -> 'fresh')::boolean, CASE WHEN s.told IS NOT NULL THEN jsonb_build_object(
                   'id', coalesce(s.told -> 'occupancy', s.told -> 'claim'),
                   'kind', CASE WHEN s.told ? 'occupancy' THEN 'occupancy' ELSE 'claim' END) END,
               '{"code": "not_allowed", "because": "flat_not_active", "status": "inactive"}',
               CASE WHEN s.told ? 'event' THEN jsonb_build_array(s.told -> 'event') END)
  FROM place p LEFT JOIN claim c ON true LEFT JOIN settled s ON true
