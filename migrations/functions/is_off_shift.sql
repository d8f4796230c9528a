-- Whether a guard's calls are refused now, since their society lets them work in their shifts alone.
CREATE OR REPLACE FUNCTION is_off_shift(p_user uuid, p_society uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_guard uuid;
BEGIN
    SELECT id INTO v_guard FROM guards WHERE user_id = p_user AND society_id = p_society AND has_shifts;
    RETURN FOUND AND policy_switch(p_society, 'guard_shift_enforced', false) AND NOT on_shift(v_guard);
END $$;
