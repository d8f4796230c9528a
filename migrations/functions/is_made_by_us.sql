-- Whether a user is one of those that we made for guards: nobody else's account is opened by a PIN.
CREATE OR REPLACE FUNCTION is_made_by_us(p_user uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM users WHERE id = p_user AND starts_with(firebase_uid, 'guard:'));
END $$;
