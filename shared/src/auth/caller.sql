-- Who is calling, by Firebase's id of him ($4 to $11) or by ours ($12, as a decision link names him): counts the IP,
-- creates the user on first sight, notes each token once, and reads the live roles. Safe to send twice: a repeat
-- only counts the IP once more.
WITH hit AS (
    INSERT INTO rate_limits AS r (ip, window_start, hits)
    VALUES ($1, to_timestamp(floor(extract(epoch FROM now()) / $2) * $2), 1)
    ON CONFLICT (ip) DO UPDATE
       SET hits = CASE WHEN r.window_start = excluded.window_start THEN r.hits + 1 ELSE 1 END,
           window_start = excluded.window_start
    RETURNING hits, window_start
), known AS (
    SELECT id, firebase_uid, phone, email, name, avatar_url FROM users WHERE firebase_uid = $4
    UNION ALL
    SELECT id, firebase_uid, phone, email, name, avatar_url FROM users WHERE id = $12
), made AS (
    -- The conflict is a user created by a parallel first request: take that row.
    INSERT INTO users AS u (firebase_uid, phone, email, name, avatar_url)
    SELECT $4, $5, $6, $7, $8 FROM hit WHERE hits <= $3 AND $4 IS NOT NULL AND NOT EXISTS (SELECT FROM known)
    ON CONFLICT (firebase_uid) DO UPDATE SET firebase_uid = excluded.firebase_uid
    RETURNING id, firebase_uid, phone, email, name, avatar_url, xmax = 0 AS is_new
), caller AS (
    SELECT id, firebase_uid, phone, email, name, avatar_url, false AS is_new FROM known, hit WHERE hits <= $3
    UNION ALL
    SELECT id, firebase_uid, phone, email, name, avatar_url, is_new FROM made
), noted AS (
    INSERT INTO firebase_auth_audit (user_id, token_sha256, issued_at, expires_at, ip)
    SELECT id, $9, to_timestamp($10), to_timestamp($11), $1 FROM caller WHERE $9 IS NOT NULL
    ON CONFLICT (token_sha256) DO NOTHING
    RETURNING user_id
), refreshed AS (
    -- A new token may bring a new phone number or address, which Firebase has verified.
    UPDATE users AS u
       SET phone = coalesce($5, u.phone), email = coalesce($6, u.email), updated_at = now()
      FROM noted
     WHERE u.id = noted.user_id
       AND (u.phone, u.email) IS DISTINCT FROM (coalesce($5, u.phone), coalesce($6, u.email))
)
SELECT jsonb_build_object(
    'rate', jsonb_build_object(
        'hits', hit.hits,
        'reset_seconds', ceil(extract(epoch FROM hit.window_start) + $2 - extract(epoch FROM now()))::bigint),
    'caller', CASE WHEN caller.id IS NOT NULL THEN jsonb_build_object(
        'is_new', caller.is_new,
        'user', jsonb_build_object(
            'id', caller.id, 'firebase_uid', caller.firebase_uid,
            'phone', coalesce($5, caller.phone), 'email', coalesce($6, caller.email),
            'name', caller.name, 'avatar_url', caller.avatar_url),
        'roles', live_roles(caller.id)) END)
FROM hit LEFT JOIN caller ON true
