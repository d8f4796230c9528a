-- Who is calling, by Firebase's id of them or by ours (as a decision link names them): creates the user on first sight,
-- counts the request, notes each token once, and reads the live roles; null where our id names nobody. Safe to send
-- twice: a repeat only counts once more. It is part of every request, so its statements are few and simple.
CREATE OR REPLACE FUNCTION caller(p_uid text, p_phone text, p_email text, p_name text, p_picture text, p_token bytea,
                                  p_issued_at float8, p_expires_at float8, p_user uuid, p_address text, p_window float8,
                                  p_kind text, p_for_address boolean, p_arrives boolean) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    me           record;
    v_is_new     boolean := false;
    v_second     float8 := extract(epoch FROM now());
    v_start      float8 := floor(v_second / p_window) * p_window;
    v_window     timestamptz := to_timestamp(v_start);
    v_own        integer;
    v_address    integer;
    v_is_known   boolean;
    v_refreshed  integer := 0;
BEGIN
    IF p_uid IS NOT NULL THEN
        SELECT u.id, u.firebase_uid, u.phone, u.email, u.name, u.avatar_url, u.session INTO me FROM users u WHERE u.firebase_uid = p_uid;
        IF NOT FOUND THEN
            -- The conflict is a user created by a parallel first request: take that row. The number comes with the token, below.
            INSERT INTO users AS u (firebase_uid, email, name, avatar_url) VALUES (p_uid, p_email, p_name, p_picture)
            ON CONFLICT (firebase_uid) DO UPDATE SET updated_at = u.updated_at
            RETURNING u.id, u.firebase_uid, u.phone, u.email, u.name, u.avatar_url, u.session, u.xmax = 0 AS is_new INTO me;
            v_is_new := me.is_new;
        END IF;
    ELSE
        SELECT u.id, u.firebase_uid, u.phone, u.email, u.name, u.avatar_url, u.session INTO me FROM users u WHERE u.id = p_user;
        IF NOT FOUND THEN RETURN NULL; END IF;
    END IF;

    -- The user's count holds the token they showed last, so that the same one is not looked for among all there were.
    UPDATE request_counts r
       SET hits = CASE WHEN r.window_start = v_window THEN r.hits + 1 ELSE 1 END, window_start = v_window,
           token_known = r.token_sha256 = p_token, token_sha256 = p_token
     WHERE r.counted = p_kind || ':' || me.id
    RETURNING r.hits, r.token_known INTO v_own, v_is_known;
    IF NOT FOUND THEN
        INSERT INTO request_counts AS r (counted, window_start, hits, token_sha256) VALUES (p_kind || ':' || me.id, v_window, 1, p_token)
        ON CONFLICT (counted) DO UPDATE
           SET hits = CASE WHEN r.window_start = excluded.window_start THEN r.hits + 1 ELSE 1 END,
               window_start = excluded.window_start
        RETURNING r.hits INTO v_own;
    END IF;
    -- The row that many share comes last, so that nobody waits for it with another's row in hand.
    IF p_for_address THEN
        UPDATE request_counts r
           SET hits = CASE WHEN r.window_start = v_window THEN r.hits + 1 ELSE 1 END, window_start = v_window
         WHERE r.counted = 'address:' || p_address
        RETURNING r.hits INTO v_address;
        IF NOT FOUND THEN
            INSERT INTO request_counts AS r (counted, window_start, hits) VALUES ('address:' || p_address, v_window, 1)
            ON CONFLICT (counted) DO UPDATE
               SET hits = CASE WHEN r.window_start = excluded.window_start THEN r.hits + 1 ELSE 1 END,
                   window_start = excluded.window_start
            RETURNING r.hits INTO v_address;
        END IF;
    END IF;
    IF p_arrives THEN
        UPDATE request_counts SET hits = hits - 1 WHERE counted = 'waiting:' || p_address AND hits > 0;
    END IF;

    IF p_token IS NOT NULL AND v_is_known IS NOT TRUE THEN
        INSERT INTO firebase_auth_audit (user_id, token_sha256, issued_at, expires_at, ip)
        VALUES (me.id, p_token, to_timestamp(p_issued_at), to_timestamp(p_expires_at), p_address)
        ON CONFLICT (token_sha256) DO NOTHING;
        IF FOUND THEN
            -- A new token may bring a new phone number or address, which Firebase has verified.
            PERFORM refresh_user(me.id, p_phone, p_email, to_timestamp(p_issued_at));
            v_refreshed := 1;
        END IF;
    END IF;
    RETURN jsonb_build_object(
        'rate', jsonb_build_object('own', v_own, 'address', v_address, 'reset_seconds', ceil(v_start + p_window - v_second)::bigint),
        'is_new', v_is_new, 'session', me.session, 'refreshed', v_refreshed,
        'user', jsonb_build_object(
            'id', me.id, 'firebase_uid', me.firebase_uid, 'phone', coalesce(p_phone, me.phone), 'email', coalesce(p_email, me.email),
            'name', me.name, 'avatar_url', me.avatar_url),
        'roles', live_roles(me.id));
END $$;
