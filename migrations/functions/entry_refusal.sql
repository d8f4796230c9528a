-- Why a visitor may not come in now; null where they may. With p_accepting as if a guard said yes now, where a guard
-- may. It is volatile, so that behind a lock it sees who has moved out meanwhile. `docs/architecture.md` has the same
-- as a table, and a test compares them.
CREATE OR REPLACE FUNCTION entry_refusal(v visitors, p_accepting boolean) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_now timestamptz := clock_timestamp();
BEGIN
    IF v.status = 'checked_in' THEN
        RETURN 'WRONG_STATE';
    ELSIF v.guest_pass AND (v.withdrawn_at IS NOT NULL OR v.status = 'denied' AND v.decided_by = 'resident') THEN
        RETURN 'PASS_WITHDRAWN';
    ELSIF v.guest_pass AND v.status = 'denied' AND v.decided_by = 'guard' THEN
        RETURN 'PASS_TURNED_AWAY';
    ELSIF v.status <> 'accepted'
          AND NOT (p_accepting AND (v.status = 'pending' OR v.status = 'denied' AND v.decided_by = 'timeout')) THEN
        RETURN 'WRONG_STATE';
    ELSIF v.hidden_at IS NOT NULL THEN
        RETURN 'VISITOR_CLEARED';
    ELSIF v.guest_pass THEN
        IF v_now < v.expected_start THEN
            RETURN 'NOT_YET_VALID';
        ELSIF v_now >= v.expected_end THEN
            RETURN 'EXPIRED';
        ELSIF NOT EXISTS (SELECT FROM live_role_assignments
                           WHERE user_id = v.invited_by AND role = 'resident' AND scope_id = v.flat_id) THEN
            RETURN 'INVITER_MOVED_OUT';
        END IF;
    ELSIF v_now >= v.expected_end THEN
        RETURN 'VISIT_EXPIRED';
    ELSIF v.status = 'accepted'
          AND v_now >= coalesce(v.accepted_at, v.updated_at)
                       + make_interval(hours => policy_number(v.society_id, 'acceptance_valid_hours', 12)) THEN
        RETURN 'ACCEPTANCE_EXPIRED';
    END IF;
    RETURN NULL;
END $$;
