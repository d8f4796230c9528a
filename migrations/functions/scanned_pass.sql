-- A pass as a guard sees it: `visit_id` is the open visit, as in lists, so a pass that was used is not somebody inside.
CREATE OR REPLACE FUNCTION scanned_pass(v visitors, me scope) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT to_jsonb(p) FROM (
            SELECT s.*, v.auto_approved, v.qr_code, v.access_code,
                   shown_phone(me, v.society_id, v.block_id, v.flat_id, (SELECT phone FROM users WHERE users.id = v.invited_by)) AS invited_by_phone,
                   v.checkin_time, v.checkout_time
              FROM shown_visitor(v) s) p);
END $$;
