-- Users who belong into a room now; joining asks the same question for one of them.
CREATE OR REPLACE FUNCTION room_users(p_room text) RETURNS uuid[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_place uuid := split_part(p_room, ':', 2)::uuid;
BEGIN
    IF starts_with(p_room, 'flat:') THEN
        RETURN ARRAY(SELECT user_id FROM live_occupancies WHERE flat_id = v_place);
    END IF;
    RETURN ARRAY(
        SELECT user_id FROM live_role_assignments WHERE scope_id = v_place AND role IN ('guard', 'society_admin')
        UNION
        SELECT user_id FROM live_role_assignments WHERE role = 'super_admin' AND scope_id IS NULL);
END $$;
