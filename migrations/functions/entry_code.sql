-- The judge's word about a visitor at p_now, of what was looked up: whether who made a pass lives in the flat, and for how
-- many hours a yes counts. What a state does not ask for may be null. It inlines, so a list judges its rows in one go.
CREATE OR REPLACE FUNCTION entry_code(v visitors, p_accepting boolean, p_now timestamptz, p_lives boolean, p_hours integer) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN v.status = 'checked_in' THEN 'WRONG_STATE'
        WHEN v.guest_pass AND (v.withdrawn_at IS NOT NULL OR v.status = 'denied' AND v.decided_by = 'resident') THEN 'PASS_WITHDRAWN'
        WHEN v.guest_pass AND v.status = 'denied' AND v.decided_by = 'guard' THEN 'PASS_TURNED_AWAY'
        WHEN v.status <> 'accepted'
             AND NOT (p_accepting AND (v.status = 'pending' OR v.status = 'denied' AND v.decided_by = 'timeout')) THEN 'WRONG_STATE'
        WHEN v.hidden_at IS NOT NULL THEN 'VISITOR_CLEARED'
        WHEN v.guest_pass THEN CASE
            WHEN p_now < v.expected_start THEN 'NOT_YET_VALID'
            WHEN p_now >= v.expected_end THEN 'EXPIRED'
            WHEN NOT p_lives THEN 'INVITER_MOVED_OUT' END
        WHEN p_now >= v.expected_end THEN 'VISIT_EXPIRED'
        WHEN v.status = 'accepted' AND p_now >= coalesce(v.accepted_at, v.updated_at) + make_interval(hours => p_hours)
        THEN 'ACCEPTANCE_EXPIRED' END
$$;
