-- :qr_code or :access_code; the other is null. :window is that of guesses, in seconds
WITH me AS MATERIALIZED (
    SELECT s AS scope, s.super_admin OR s.guard_of || s.admin_of || s.blocks <> '{}' AS allowed FROM caller_scope(:caller) AS s
), found AS MATERIALIZED (
    (SELECT v.id, v FROM me, visitors v WHERE :qr_code::text IS NOT NULL AND v.qr_code = :qr_code AND is_staff(me.scope, v.society_id, v.block_id))
    UNION ALL
    (SELECT v.id, v FROM me, visitors v
      WHERE :access_code::text IS NOT NULL AND v.access_code = :access_code AND is_staff(me.scope, v.society_id, v.block_id)
      ORDER BY v.created_at DESC LIMIT 1)
), guess AS MATERIALIZED (
    SELECT g.* FROM me, count_guess(:caller, EXISTS (SELECT FROM found), make_interval(secs => :window::int4)) g
     -- Codes can be guessed. A QR id has 122 random bits, and one that is no pass is a QR of somebody else.
     WHERE me.allowed AND :access_code IS NOT NULL
)
SELECT json_build_object(
           'allowed', me.allowed, 'misses', coalesce(g.misses, 0), 'reset_seconds', coalesce(g.reset_seconds, 0),
           'pass', CASE WHEN f.id IS NOT NULL THEN scanned_pass(f.v, me.scope) END,
           'verdict', CASE WHEN f.id IS NOT NULL THEN entry_verdict(f.v, true) END)
  FROM me LEFT JOIN guess g ON true LEFT JOIN found f ON true
