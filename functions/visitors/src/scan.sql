-- :qr_code or :access_code; the other is null. :window is that of guesses, in seconds
WITH me AS MATERIALIZED (
    SELECT s AS scope, s.super_admin OR s.guard_of || s.admin_of || s.blocks <> '{}' AS allowed FROM caller_scope(:caller) AS s
), found AS MATERIALIZED (
    (SELECT scanned_pass(v, me.scope) AS pass, entry_verdict(v, true) AS verdict
       FROM me, visitors v WHERE v.qr_code = :qr_code AND is_staff(me.scope, v.society_id, v.block_id))
    UNION ALL
    (SELECT scanned_pass(v, me.scope), entry_verdict(v, true)
       FROM me, visitors v
      WHERE v.access_code = :access_code
        AND v.society_id IN (SELECT id FROM societies WHERE (me.scope).super_admin OR id = ANY ((me.scope).part_of))
        AND is_staff(me.scope, v.society_id, v.block_id)
      ORDER BY v.created_at DESC LIMIT 1)
), guess AS MATERIALIZED (
    SELECT g.* FROM me, count_guess(:caller, EXISTS (SELECT FROM found), make_interval(secs => :window::int4)) g
     -- Codes can be guessed. A QR id has 122 random bits, and one that is no pass is a QR of somebody else.
     WHERE me.allowed AND :access_code IS NOT NULL
)
SELECT jsonb_build_object(
           'allowed', me.allowed, 'misses', coalesce(g.misses, 0), 'reset_seconds', coalesce(g.reset_seconds, 0), 'pass', f.pass,
           'verdict', f.verdict)
  FROM me LEFT JOIN guess g ON true LEFT JOIN found f ON true
