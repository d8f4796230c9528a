-- Ends all sign-ins of a user: their tokens, whenever they were made, and what rings their phones.
CREATE OR REPLACE FUNCTION end_sign_ins(p_user uuid) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE users SET session = session + 1, updated_at = now() WHERE id = p_user AND starts_with(firebase_uid, 'guard:');
    IF FOUND THEN
        DELETE FROM devices WHERE user_id = p_user AND device_identifier IS NULL;
        UPDATE devices SET token = NULL, is_active = false, updated_at = now() WHERE user_id = p_user AND token IS NOT NULL;
    END IF;
END $$;
