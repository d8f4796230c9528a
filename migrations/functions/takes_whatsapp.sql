-- Whether a number takes WhatsApp messages: it has users, and all of them have agreed.
CREATE OR REPLACE FUNCTION takes_whatsapp(p_phone text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce((SELECT bool_and(coalesce(p.whatsapp, false))
                       FROM users u LEFT JOIN notification_preferences p ON p.user_id = u.id
                      WHERE u.phone = p_phone), false);
END $$;
