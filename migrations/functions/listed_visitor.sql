-- A visitor as lists show them, with their entries, and with what the judge says of those whom only the gate has to let
-- in: who was accepted, and who has a pass.
CREATE OR REPLACE FUNCTION listed_visitor(v visitors) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT jsonb_build_object(
                   'id', v.id, 'visitor_name', v.visitor_name, 'phone', v.phone, 'vehicle_no', v.vehicle_no,
                   'purpose', v.purpose, 'flat_id', v.flat_id, 'status', v.status, 'expected_start', v.expected_start,
                   'expected_end', v.expected_end, 'approval_deadline', v.approval_deadline, 'created_at', v.created_at,
                   'invited_by', v.invited_by, 'flat_number', f.flat_number, 'block_name', b.name,
                   'complex_name', c.name, 'number_of_people', v.number_of_people,
                   'invited_by_name', (SELECT name FROM users WHERE users.id = v.invited_by),
                   'visit_id', CASE WHEN v.status = 'checked_in' THEN v.visit_id END,
                   'max_entries', v.max_entries, 'entries_left', v.max_entries - entries_used(v),
                   'entry', CASE WHEN v.status = 'accepted' OR v.guest_pass AND v.status = 'pending'
                                 THEN entry_verdict(v, true) END)
          FROM flats f JOIN blocks b ON b.id = f.block_id JOIN complexes c ON c.id = b.complex_id
         WHERE f.id = v.flat_id);
END $$;
