-- A pass as a guard sees it: `visit_id` is the open visit, as in lists, so a pass that was used is not somebody inside.
CREATE OR REPLACE FUNCTION scanned_pass(v visitors, me scope) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN listed_visitor(v) || jsonb_build_object(
               'auto_approved', v.auto_approved, 'qr_code', v.qr_code, 'access_code', v.access_code,
               'invited_by_phone', shown_phone(me, v.society_id, v.block_id, v.flat_id,
                                               (SELECT phone FROM users WHERE users.id = v.invited_by)),
               'checkin_time', v.checkin_time, 'checkout_time', v.checkout_time);
END $$;
