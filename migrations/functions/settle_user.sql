-- Lets a user live in a flat because its society said so, closes what they asked for it, and tells those who lived there
-- before. Answers as `settle_resident` does.
CREATE OR REPLACE FUNCTION settle_user(p_user uuid, p_flat uuid, p_role text, p_source text, p_actor uuid, p_request text, p_trace text)
RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_id    uuid;
    v_event jsonb;
BEGIN
    -- Before the user, as an admin's decision does.
    PERFORM FROM resident_requests WHERE requesting_user_id = p_user AND flat_id = p_flat AND status = 'pending' FOR NO KEY UPDATE;
    PERFORM alone('resident:' || p_user);
    SELECT id INTO v_id FROM live_occupancies WHERE user_id = p_user AND flat_id = p_flat;
    IF FOUND THEN RETURN jsonb_build_object('occupancy', v_id, 'fresh', false); END IF;
    PERFORM open_occupancy(p_user, p_flat, p_role);
    SELECT id INTO v_id FROM flat_occupancies WHERE user_id = p_user AND flat_id = p_flat AND end_date IS NULL;
    WITH closed AS (
        UPDATE resident_requests SET status = 'approved', processed_by = p_actor, processed_at = now()
         WHERE requesting_user_id = p_user AND flat_id = p_flat AND status = 'pending'
        RETURNING id
    )
    INSERT INTO resident_request_approvals (request_id, user_id, decision) SELECT id, p_actor, 'approve' FROM closed;
    v_event := tell_resident_joined(p_user, p_flat, p_role, 'admin', p_request, p_trace);
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT p_actor, 'occupancy.open', 'occupancy', v_id, society_id, p_request,
           jsonb_build_object('before', NULL, 'after', jsonb_build_object('flat_id', p_flat, 'user_id', p_user, 'role', p_role, 'source', p_source))
      FROM places WHERE flat_id = p_flat;
    RETURN jsonb_build_object('occupancy', v_id, 'fresh', true, 'event', v_event);
END $$;
