-- Signs a guard in whose PIN was right: p_hash is the one it was compared with, p_new_hash that of the PIN which takes its place,
-- or null. Answers {refused} where the phone, the post or the PIN is another one by now, or where the PIN has to be replaced, and
-- {guard, uid, society, session, duty} otherwise.
CREATE OR REPLACE FUNCTION end_guard_sign_in(
    p_device uuid, p_guard uuid, p_hash text, p_new_hash text, p_address text, p_request text
) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    g      record;
    v_user record;
BEGIN
    PERFORM give_tries_back(ARRAY['pin-device:' || p_device, 'pin-device-day:' || p_device, 'pin-address:' || p_address]);
    UPDATE request_counts SET hits = 0 WHERE counted = 'pin-guard:' || p_guard;
    -- The locks wait for a revocation and show what it left.
    PERFORM FROM gate_devices WHERE id = p_device AND revoked_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN '{"refused": "device"}'; END IF;
    SELECT x.* INTO g FROM guards x WHERE x.id = p_guard AND x.active FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN '{"refused": "changed"}'; END IF;
    IF p_new_hash IS NULL THEN
        IF EXISTS (SELECT FROM guard_pins WHERE guard_id = p_guard AND must_change) THEN RETURN '{"refused": "must_change"}'; END IF;
        IF NOT EXISTS (SELECT FROM guard_pins WHERE guard_id = p_guard AND hash = p_hash) THEN RETURN '{"refused": "changed"}'; END IF;
    ELSE
        UPDATE guard_pins SET hash = p_new_hash, must_change = false, set_at = now() WHERE guard_id = p_guard AND hash = p_hash;
        IF NOT FOUND THEN RETURN '{"refused": "changed"}'; END IF;
        INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
        VALUES (g.user_id, 'guard.change_pin', 'guard', p_guard, g.society_id, p_request, '{}');
    END IF;
    UPDATE gate_devices SET last_sign_in_at = now() WHERE id = p_device;
    UPDATE guards SET last_sign_in_at = now() WHERE id = p_guard;
    INSERT INTO guard_sign_ins AS s (device_id, guard_id) VALUES (p_device, p_guard)
    ON CONFLICT (device_id, guard_id) DO UPDATE SET signed_in_at = now();
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    VALUES (g.user_id, 'guard.sign_in', 'guard', p_guard, g.society_id, p_request, jsonb_build_object('device_id', p_device));
    SELECT u.firebase_uid, u.session INTO v_user FROM users u WHERE u.id = g.user_id;
    RETURN jsonb_build_object('done', jsonb_build_object(
        'guard', home_of(g.user_id) -> 'guard', 'uid', v_user.firebase_uid, 'session', v_user.session, 'society', g.society_id));
END $$;
