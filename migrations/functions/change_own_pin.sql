-- Replaces a signed-in guard's PIN, whose former hash is p_hash. Answers whether it was still that one.
CREATE OR REPLACE FUNCTION change_own_pin(p_user uuid, p_guard uuid, p_hash text, p_new_hash text, p_request text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE request_counts SET hits = 0 WHERE counted = 'pin-guard:' || p_guard;
    UPDATE guard_pins SET hash = p_new_hash, must_change = false, set_at = now() WHERE guard_id = p_guard AND hash = p_hash;
    IF NOT FOUND THEN RETURN false; END IF;
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT p_user, 'guard.change_pin', 'guard', g.id, g.society_id, p_request, '{}' FROM guards g WHERE g.id = p_guard;
    RETURN true;
END $$;
