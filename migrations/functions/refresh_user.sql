-- Notes what a new token says of its user. A number that is new with them leaves its former user, and the newer token
-- wins: an app may hold one with its former number for an hour. Numbers that come with each token ask nobody.
CREATE OR REPLACE FUNCTION refresh_user(p_user uuid, p_phone text, p_email text, p_issued_at timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    known users;
BEGIN
    -- Who makes a claim of this number now either sees the user or is seen below.
    IF p_phone IS NOT NULL THEN PERFORM alone('number:' || p_phone); END IF;
    SELECT * INTO known FROM users WHERE id = p_user;
    IF p_phone IS NOT NULL AND p_phone IS DISTINCT FROM known.phone THEN
        -- In the order of their ids, so that two who swap their numbers do not wait for each other.
        PERFORM FROM users WHERE id = p_user OR phone = p_phone ORDER BY id FOR NO KEY UPDATE;
        IF NOT EXISTS (SELECT FROM users WHERE phone = p_phone AND id <> p_user AND phone_verified_at > p_issued_at) THEN
            WITH former AS (
                UPDATE users SET phone = NULL, phone_verified_at = NULL, updated_at = now()
                 WHERE phone = p_phone AND id <> p_user
                RETURNING id
            )
            INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, details)
            SELECT p_user, 'phone.move', 'user', p_user, jsonb_build_object('moved_from', id) FROM former;
            UPDATE users SET phone = p_phone, phone_verified_at = p_issued_at, updated_at = now() WHERE id = p_user;
        END IF;
    END IF;
    IF EXISTS (SELECT FROM resident_claims WHERE phone = p_phone)
       AND EXISTS (SELECT FROM users WHERE id = p_user AND phone = p_phone) THEN
        PERFORM fulfil_claims(p_user, p_phone);
    END IF;
    IF p_email IS NOT NULL AND p_email IS DISTINCT FROM known.email THEN
        UPDATE users SET email = p_email, updated_at = now() WHERE id = p_user;
    END IF;
END $$;
