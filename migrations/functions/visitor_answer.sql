-- A visitor as those are answered who made the entry: all that the API description says of them. It inlines. Lists show what
-- shown_visitor says.
CREATE OR REPLACE FUNCTION visitor_answer(v visitors) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
        'id', v.id, 'flat_id', v.flat_id, 'visitor_name', v.visitor_name, 'phone', v.phone, 'purpose', v.purpose,
        'vehicle_no', v.vehicle_no, 'id_type', v.id_type, 'id_number', v.id_number, 'attachment_ids', v.attachment_ids,
        'invited_by', v.invited_by, 'expected_start', v.expected_start, 'expected_end', v.expected_end, 'status', v.status,
        'auto_approved', v.auto_approved, 'number_of_people', v.number_of_people, 'max_entries', v.max_entries,
        'approval_deadline', v.approval_deadline, 'idempotency_key', v.idempotency_key, 'qr_code', v.qr_code,
        'access_code', v.access_code, 'created_at', v.created_at, 'updated_at', v.updated_at)
$$;
