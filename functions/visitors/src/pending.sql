-- Whoever waits is at the door of those who live there now (is_own), whenever they moved in. The page begins behind
-- :before_at and :before_id
SELECT listed_visitor(v)
  FROM caller_scope(:caller) AS me, visitors v
 WHERE v.flat_id = ANY (me.flats) AND v.status = 'pending' AND NOT v.guest_pass AND v.hidden_at IS NULL
   AND (v.created_at, v.id) < (:before_at, :before_id)
 ORDER BY v.created_at DESC, v.id DESC
 LIMIT :rows
