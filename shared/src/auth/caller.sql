-- Who is calling, by Firebase's id of them (:uid, and what else the token says) or by ours (:user, as a decision link names
-- them): creates the user on first sight, counts the request, notes each token once, and reads the live roles. Safe to send
-- twice: a repeat only counts once more. :token is its digest, :window the seconds of one, :kind that of the user's count,
-- :for_address whether it counts for the :address, :arrived whether a connection of the address waits no longer
WITH known AS (
    SELECT id, firebase_uid, phone, email, name, avatar_url FROM users WHERE firebase_uid = :uid
    UNION ALL
    SELECT id, firebase_uid, phone, email, name, avatar_url FROM users WHERE id = :user
), made AS (
    -- The conflict is a user created by a parallel first request: take that row. The number comes with the token, below.
    INSERT INTO users AS u (firebase_uid, email, name, avatar_url)
    SELECT :uid, :email, :name, :picture WHERE :uid IS NOT NULL AND NOT EXISTS (SELECT FROM known)
    ON CONFLICT (firebase_uid) DO UPDATE SET updated_at = u.updated_at
    RETURNING id, firebase_uid, phone, email, name, avatar_url, xmax = 0 AS is_new
), caller AS (
    SELECT id, firebase_uid, phone, email, name, avatar_url, false AS is_new FROM known
    UNION ALL
    SELECT id, firebase_uid, phone, email, name, avatar_url, is_new FROM made
), hit AS (
    INSERT INTO request_counts AS r (counted, window_start, hits)
    SELECT c.counted, to_timestamp(floor(extract(epoch FROM now()) / :window::float8) * :window), 1
      FROM caller, LATERAL (VALUES (1, :kind || ':' || caller.id), (2, CASE WHEN :for_address THEN 'address:' || :address END)) AS c (place, counted)
     WHERE c.counted IS NOT NULL
     -- The row that many share comes last, so that nobody waits for it with another's row in hand.
     ORDER BY c.place
    ON CONFLICT (counted) DO UPDATE
       SET hits = CASE WHEN r.window_start = excluded.window_start THEN r.hits + 1 ELSE 1 END,
           window_start = excluded.window_start
    RETURNING counted, hits, window_start
), arrived AS (
    UPDATE request_counts SET hits = hits - 1 WHERE :arrived AND counted = 'waiting:' || :address AND hits > 0
), noted AS (
    INSERT INTO firebase_auth_audit (user_id, token_sha256, issued_at, expires_at, ip)
    SELECT id, :token::bytea, to_timestamp(:issued_at), to_timestamp(:expires_at), :address FROM caller WHERE :token IS NOT NULL
    ON CONFLICT (token_sha256) DO NOTHING
    RETURNING user_id
), refreshed AS (
    -- A new token may bring a new phone number or address, which Firebase has verified.
    SELECT refresh_user(user_id, :phone, :email, to_timestamp(:issued_at)) FROM noted
)
SELECT jsonb_build_object(
    'rate', (SELECT jsonb_build_object(
        'own', min(hits) FILTER (WHERE NOT starts_with(counted, 'address:')),
        'address', min(hits) FILTER (WHERE starts_with(counted, 'address:')),
        'reset_seconds', ceil(extract(epoch FROM min(window_start)) + :window - extract(epoch FROM now()))::bigint) FROM hit),
    'is_new', caller.is_new, 'refreshed', (SELECT count(*) FROM refreshed),
    'user', jsonb_build_object(
        'id', caller.id, 'firebase_uid', caller.firebase_uid,
        'phone', coalesce(:phone, caller.phone), 'email', coalesce(:email, caller.email),
        'name', caller.name, 'avatar_url', caller.avatar_url),
    'roles', live_roles(caller.id))
FROM caller
