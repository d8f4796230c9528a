-- Users who belong into a room now; joining asks the same question for one of them.
CREATE OR REPLACE FUNCTION room_users(p_room text) RETURNS uuid[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF starts_with(p_room, 'flat:') THEN
        RETURN ARRAY(SELECT user_id FROM live_role_assignments
                      WHERE scope_id = split_part(p_room, ':', 2)::uuid AND role = 'resident');
    END IF;
    RETURN ARRAY(
        SELECT user_id FROM live_role_assignments
         WHERE scope_id = split_part(p_room, ':', 2)::uuid AND role IN ('guard', 'society_admin')
        UNION
        SELECT user_id FROM live_role_assignments WHERE role = 'super_admin' AND scope_id IS NULL);
END $$;
