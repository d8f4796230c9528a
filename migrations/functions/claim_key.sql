-- Claims a key for p_answer, or finds what was answered under it before. p_answer is null where the
-- state does not allow the change: then nothing is claimed, but an earlier answer is still found.
-- A key that the server made counts for five minutes, and until its caller was answered (note_answered).
-- A parallel twin is refused for now, and reads afterwards what the first left.
CREATE OR REPLACE FUNCTION claim_key(p_user uuid, p_method text, p_path text, p_key text, p_payload bytea, p_answer jsonb)
RETURNS TABLE (fresh boolean, mismatch boolean, answer jsonb) LANGUAGE plpgsql VOLATILE ROWS 1 AS $$
DECLARE
    v_since timestamptz := now() - CASE WHEN is_made(p_key) THEN interval '5 minutes' ELSE interval '24 hours' END;
BEGIN
    IF p_key IS NULL THEN
        RETURN QUERY SELECT p_answer IS NOT NULL, false, p_answer;
        RETURN;
    END IF;
    IF p_answer IS NOT NULL THEN
        PERFORM alone(concat_ws(' ', 'key', p_user, p_method, p_path, p_key));
        INSERT INTO idempotency_keys AS k (user_id, method, path, key, payload, answer)
        VALUES (p_user, p_method, p_path, p_key, p_payload, p_answer)
        ON CONFLICT (user_id, method, path, key) DO UPDATE
           SET payload = excluded.payload, answer = excluded.answer, created_at = excluded.created_at
         WHERE k.created_at < v_since;
        IF FOUND THEN
            RETURN QUERY SELECT true, false, p_answer;
            RETURN;
        END IF;
    END IF;
    RETURN QUERY SELECT false, k.payload <> p_payload, k.answer FROM idempotency_keys k
                  WHERE k.user_id = p_user AND k.method = p_method AND k.path = p_path AND k.key = p_key
                    AND k.created_at >= v_since;
    IF NOT FOUND THEN
        RETURN QUERY SELECT false, false, NULL::jsonb;
    END IF;
END $$;
