-- Whom a role is to be granted, by their id or their phone number, and what they hold of it; null where nobody is known so.
-- Their row is locked, so that two who grant the same find one role. A guard's account that a PIN opens gets none: it is used on
-- a phone that many hold.
CREATE OR REPLACE FUNCTION role_to_grant(p_role text, p_scope uuid, p_user uuid, p_phone text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_user users;
BEGIN
    -- A number that changed hands is that of whom verified it last.
    SELECT * INTO v_user FROM users WHERE (id = p_user OR phone = p_phone) AND NOT starts_with(firebase_uid, 'guard:')
     ORDER BY phone_verified_at DESC NULLS LAST, created_at DESC, id LIMIT 1 FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN NULL; END IF;
    RETURN jsonb_build_object('user_id', v_user.id, 'name', v_user.name, 'phone', v_user.phone, 'held', (
        SELECT to_jsonb(r) FROM role_assignments r
         WHERE r.user_id = v_user.id AND r.role = p_role AND r.scope_id IS NOT DISTINCT FROM p_scope AND r.revoked_at IS NULL));
END $$;
