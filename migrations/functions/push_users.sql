-- Users whose phones an event of a room rings, of those who belong there; nobody for most events.
CREATE OR REPLACE FUNCTION push_users(p_users uuid[], p_room text, p_event text) RETURNS uuid[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF starts_with(p_room, 'flat:') THEN
        RETURN CASE WHEN p_event IN (
            'visitor_request', 'visitor_checkin', 'visitor_checkout', 'visitor_timeout', 'guard_override', 'emergency_updated',
            'resident_joined') THEN p_users ELSE '{}' END;
    ELSIF p_event IN ('guard_locked', 'foreign_device') THEN
        RETURN ARRAY(SELECT DISTINCT user_id FROM live_role_assignments
                      WHERE scope_id = split_part(p_room, ':', 2)::uuid AND role = 'society_admin');
    ELSIF p_event IN ('request_approved', 'visitor_timeout', 'emergency_alert') THEN
        RETURN ARRAY(
            SELECT DISTINCT user_id FROM live_role_assignments
             WHERE scope_id = split_part(p_room, ':', 2)::uuid
               AND role IN ('guard', CASE p_event WHEN 'emergency_alert' THEN 'society_admin' END));
    END IF;
    RETURN '{}';
END $$;
