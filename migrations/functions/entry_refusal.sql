-- Why a visitor may not come in now; null where they may. With p_accepting as if a guard said yes now, where a guard
-- may. It is volatile, so that behind a lock it sees who has moved out meanwhile. `docs/architecture.md` has the same
-- as a table, and a test compares them.
CREATE OR REPLACE FUNCTION entry_refusal(v visitors, p_accepting boolean) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_now   timestamptz := clock_timestamp();
    v_lives boolean;
    v_hours integer;
BEGIN
    IF v.guest_pass THEN
        v_lives := EXISTS (SELECT FROM live_role_assignments
                            WHERE user_id = v.invited_by AND role = 'resident' AND scope_id = v.flat_id);
    ELSIF v.status = 'accepted' THEN
        v_hours := policy_number(v.society_id, 'acceptance_valid_hours', 12);
    END IF;
    RETURN entry_code(v, p_accepting, v_now, v_lives, v_hours);
END $$;
