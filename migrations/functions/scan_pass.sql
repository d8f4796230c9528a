-- What a guard finds by a QR id or a code: the pass with its verdict where it is one of their places', and how many tries at
-- codes were in vain in the window. `visit_id` is the open visit, as in lists, so a pass that was used is not somebody inside.
CREATE OR REPLACE FUNCTION scan_pass(p_user uuid, p_qr_code text, p_access_code text, p_window interval) RETURNS json
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    me        scope := caller_scope(p_user);
    v_allowed boolean := me.super_admin OR me.guard_of || me.admin_of || me.blocks <> '{}';
    v_found   boolean;
    v_guess   record;
    v_verdict jsonb;
    v_pass    json;
    v         visitors;
BEGIN
    IF p_qr_code IS NOT NULL THEN
        SELECT * INTO v FROM visitors x WHERE x.qr_code = p_qr_code AND is_staff(me, x.society_id, x.block_id);
    ELSE
        SELECT * INTO v FROM visitors x WHERE x.access_code = p_access_code AND is_staff(me, x.society_id, x.block_id)
         ORDER BY x.created_at DESC LIMIT 1;
    END IF;
    v_found := FOUND;
    SELECT 0 AS misses, 0::bigint AS reset_seconds INTO v_guess;
    -- Codes can be guessed. A QR id has 122 random bits, and one that is no pass is a QR of somebody else.
    IF v_allowed AND p_access_code IS NOT NULL THEN
        SELECT * INTO v_guess FROM count_guess(p_user, v_found, p_window);
    END IF;
    IF v_found THEN
        v_verdict := entry_verdict(v, true);
        v_pass := (
            SELECT json_build_object(
                       'id', s.id, 'visitor_name', s.visitor_name, 'phone', s.phone, 'vehicle_no', s.vehicle_no,
                       'purpose', s.purpose, 'flat_id', s.flat_id, 'status', s.status, 'expected_start', s.expected_start,
                       'expected_end', s.expected_end, 'created_at', s.created_at, 'invited_by', s.invited_by,
                       'flat_number', s.flat_number, 'block_name', s.block_name, 'complex_name', s.complex_name,
                       'number_of_people', s.number_of_people, 'invited_by_name', u.name,
                       'invited_by_phone', shown_phone(me, v.society_id, v.block_id, v.flat_id, u.phone),
                       'visit_id', s.visit_id, 'max_entries', s.max_entries, 'entries_left', s.entries_left,
                       'entry', CASE WHEN v.status = 'accepted' OR v.guest_pass AND v.status = 'pending' THEN v_verdict END,
                       'auto_approved', v.auto_approved, 'qr_code', v.qr_code, 'access_code', v.access_code,
                       'checkin_time', v.checkin_time, 'checkout_time', v.checkout_time)
              FROM shown_visitor(v) s LEFT JOIN users u ON u.id = v.invited_by);
    END IF;
    RETURN json_build_object('allowed', v_allowed, 'misses', v_guess.misses, 'reset_seconds', v_guess.reset_seconds,
                             'pass', v_pass, 'verdict', v_verdict);
END $$;
