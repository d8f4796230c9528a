-- The society that a room belongs to.
CREATE OR REPLACE FUNCTION room_society(p_room text) RETURNS uuid LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT CASE WHEN starts_with(p_room, 'society:') THEN split_part(p_room, ':', 2)::uuid
                    ELSE (SELECT society_id FROM places WHERE flat_id = split_part(p_room, ':', 2)::uuid) END);
END $$;
