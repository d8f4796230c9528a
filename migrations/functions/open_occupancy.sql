-- Lets somebody live in a flat, which is held, so that nobody is let in who was told that it is vacant and finds
-- somebody there.
CREATE OR REPLACE FUNCTION open_occupancy(p_user uuid, p_flat uuid, p_role text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM alone('resident:' || p_user);
    PERFORM FROM users WHERE id = p_user FOR NO KEY UPDATE;
    PERFORM hold_flat(p_flat);
    INSERT INTO flat_occupancies (flat_id, user_id, role, is_primary)
    VALUES (p_flat, p_user, p_role, NOT EXISTS (SELECT FROM live_occupancies WHERE user_id = p_user AND is_primary))
    ON CONFLICT (user_id, flat_id) WHERE end_date IS NULL DO NOTHING;
    -- An occupancy that was open while its role had been revoked gets the role back.
    INSERT INTO role_assignments (user_id, role, scope_type, scope_id) VALUES (p_user, 'resident', 'flat', p_flat);
END $$;
