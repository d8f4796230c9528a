-- $1 caller, $2 QR id or null, $3 access code or null, $4 seconds of the window of guesses
WITH me AS MATERIALIZED (
    SELECT s AS scope, s.super_admin OR s.guard_of || s.admin_of || s.blocks <> '{}' AS allowed FROM caller_scope($1) AS s
), found AS MATERIALIZED (
    (SELECT scanned_pass(v, me.scope) AS pass, entry_verdict(v, true) AS verdict
       FROM me, visitors v WHERE v.qr_code = $2 AND is_staff(me.scope, v.society_id, v.block_id))
    UNION ALL
    (SELECT scanned_pass(v, me.scope), entry_verdict(v, true)
       FROM me, visitors v
      WHERE v.access_code = $3
        AND v.society_id IN (SELECT id FROM societies WHERE (me.scope).super_admin OR id = ANY ((me.scope).part_of))
        AND is_staff(me.scope, v.society_id, v.block_id)
      ORDER BY v.created_at DESC LIMIT 1)
), guess AS MATERIALIZED (
    SELECT g.* FROM me, count_guess($1, EXISTS (SELECT FROM found), make_interval(secs => $4)) g
     -- Codes can be guessed. A QR id has 122 random bits, and one that is no pass is a QR of somebody else.
     WHERE me.allowed AND $3 IS NOT NULL
)
SELECT jsonb_build_object(
           'allowed', me.allowed, 'misses', coalesce(g.misses, 0), 'reset_seconds', coalesce(g.reset_seconds, 0), 'pass', f.pass,
           'verdict', f.verdict)
  FROM me LEFT JOIN guess g ON true LEFT JOIN found f ON true
