-- Lets who has a phone number live in a flat: at once where a user has verified it, and otherwise as soon as one does, by a
-- claim. Asked again it changes nothing. Answers `occupancy` or `claim` with its id, whether it is fresh, and the event that
-- tells those who lived there before.
CREATE OR REPLACE FUNCTION settle_resident(p_flat uuid, p_phone text, p_name text, p_role text, p_source text,
                                           p_actor uuid, p_request text, p_trace text) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_user  uuid;
    v_id    uuid;
    v_fresh boolean;
    v_event jsonb;
BEGIN
    PERFORM alone('number:' || p_phone);
    -- A number that changed hands is that of whom verified it last.
    SELECT id INTO v_user FROM users WHERE phone = p_phone ORDER BY phone_verified_at DESC NULLS LAST, created_at DESC, id LIMIT 1;
    IF v_user IS NOT NULL THEN
        RETURN settle_user(v_user, p_flat, p_role, p_source, p_actor, p_request, p_trace);
    END IF;
    INSERT INTO resident_claims (society_id, block_id, flat_id, phone, name, occupancy_role, source, created_by)
    SELECT p.society_id, p.block_id, p.flat_id, p_phone, p_name, p_role, p_source, p_actor FROM places p WHERE p.flat_id = p_flat
    ON CONFLICT (flat_id, phone) DO NOTHING
    RETURNING id INTO v_id;
    v_fresh := FOUND;
    IF v_fresh THEN
        INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
        SELECT p_actor, 'resident_claim.create', 'resident_claim', v_id, society_id, p_request,
               jsonb_build_object('flat_id', p_flat, 'role', p_role, 'source', p_source) FROM places WHERE flat_id = p_flat;
    ELSE
        SELECT id INTO v_id FROM resident_claims WHERE flat_id = p_flat AND phone = p_phone;
    END IF;
    RETURN jsonb_build_object('claim', v_id, 'fresh', v_fresh);
END $$;
