-- Notes that a caller without a key was answered, so that the same again is another wish; p_key is {user, method, path, key}.
CREATE OR REPLACE FUNCTION note_answered(p_key jsonb) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    DELETE FROM idempotency_keys
     WHERE user_id = (p_key ->> 'user')::uuid AND method = p_key ->> 'method' AND path = p_key ->> 'path'
       AND key = p_key ->> 'key';
    RETURN true;
END $$;
