-- Notes a phone and its token, with a bound for both. Twenty phones are more than anybody signs in with; the one that
-- was not heard of for longest goes when another comes, and each message rings at most that many.
CREATE OR REPLACE FUNCTION register_device(p_user uuid, p_identifier text, p_token text, p_platform text, p_info jsonb)
RETURNS TABLE (device devices, moved_from uuid) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    -- Phones of one user come one after the other, so that each sees those before it.
    PERFORM FROM users WHERE id = p_user FOR NO KEY UPDATE;
    SELECT d.user_id INTO moved_from FROM devices d WHERE d.token = p_token AND d.user_id <> p_user FOR UPDATE;
    IF p_identifier IS NOT NULL THEN
        DELETE FROM devices d WHERE d.token = p_token AND d.device_identifier IS NULL;
        UPDATE devices d SET token = NULL, is_active = false, updated_at = now()
         WHERE d.token = p_token AND (d.user_id, d.device_identifier) <> (p_user, p_identifier);
        INSERT INTO devices AS d (user_id, device_identifier, token, platform, device_info)
        VALUES (p_user, p_identifier, p_token, p_platform, coalesce(p_info, '{}'))
        ON CONFLICT (user_id, device_identifier) DO UPDATE
           SET token = coalesce(excluded.token, d.token), platform = coalesce(excluded.platform, d.platform),
               device_info = merged_info(d.device_info, excluded.device_info),
               is_active = true, last_seen = now(), updated_at = now()
        RETURNING d.* INTO device;
    ELSE
        INSERT INTO devices AS d (user_id, token, platform, device_info)
        VALUES (p_user, p_token, p_platform, coalesce(p_info, '{}'))
        ON CONFLICT (token) DO UPDATE
           SET user_id = p_user, platform = coalesce(excluded.platform, d.platform),
               -- The former holder's name for the phone is not the new one's.
               device_identifier = CASE WHEN d.user_id = p_user THEN d.device_identifier END,
               device_info = CASE WHEN d.user_id = p_user THEN merged_info(d.device_info, excluded.device_info)
                                  ELSE excluded.device_info END,
               is_active = true, last_seen = now(), updated_at = now()
        RETURNING d.* INTO device;
    END IF;
    DELETE FROM devices d
     WHERE d.user_id = p_user AND d.id NOT IN (
               SELECT o.id FROM devices o WHERE o.user_id = p_user
                ORDER BY o.id = (device).id DESC, o.last_seen DESC, o.id DESC LIMIT 20);
    RETURN NEXT;
END $$;
