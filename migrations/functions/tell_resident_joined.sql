-- Tells a flat's room, and the phones of those who lived there before, who has come to live with them.
CREATE OR REPLACE FUNCTION tell_resident_joined(p_user uuid, p_flat uuid, p_role text, p_approved_by text, p_request text, p_trace text)
RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN (
        SELECT emit('flat:' || p.flat_id, 'resident_joined', jsonb_build_object(
                   'flat_id', p.flat_id, 'flat_number', p.flat_number, 'block_name', p.block_name, 'user_id', u.id,
                   'resident_name', u.name, 'occupancy_role', p_role, 'approved_by', p_approved_by,
                   'timestamp', rfc3339(now())), p_user, p_request, p_trace)
          FROM places p, users u WHERE p.flat_id = p_flat AND u.id = p_user);
END $$;
