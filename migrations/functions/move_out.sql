-- Moves somebody out of a flat whose occupancy is held, and tells those who go on living there. Answers the event.
CREATE OR REPLACE FUNCTION move_out(p_occupancy uuid, p_actor uuid, p_request text, p_trace text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    o flat_occupancies;
BEGIN
    SELECT * INTO o FROM flat_occupancies WHERE id = p_occupancy;
    PERFORM end_occupancy(p_occupancy);
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT p_actor, 'occupancy.end', 'occupancy', p_occupancy, society_id, p_request, jsonb_build_object(
               'before', jsonb_build_object('flat_id', o.flat_id, 'user_id', o.user_id, 'role', o.role), 'after', NULL)
      FROM places WHERE flat_id = o.flat_id;
    RETURN (
        SELECT emit('flat:' || p.flat_id, 'resident_left', jsonb_build_object(
                   'flat_id', p.flat_id, 'flat_number', p.flat_number, 'block_name', p.block_name, 'user_id', u.id,
                   'resident_name', u.name, 'timestamp', rfc3339(now())), p_actor, p_request, p_trace)
          FROM places p, users u WHERE p.flat_id = o.flat_id AND u.id = o.user_id);
END $$;
