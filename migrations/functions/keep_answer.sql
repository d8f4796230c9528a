-- Replaces what a key was claimed with by the answer, for a change whose answer is known only when it
-- is made. The same transaction has claimed the key.
CREATE OR REPLACE FUNCTION keep_answer(p_user uuid, p_method text, p_path text, p_key text, p_answer jsonb)
RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE idempotency_keys SET answer = p_answer
     WHERE user_id = p_user AND method = p_method AND path = p_path AND key = p_key;
    RETURN p_answer;
END $$;
