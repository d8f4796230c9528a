-- A visitor as lists show them, with their entries, and with what the judge says of those whom only the gate has to let
-- in: who was accepted, and who has a pass. It inlines, so a list looks all of its rows up in one go.
CREATE OR REPLACE FUNCTION shown_visitor(v visitors)
RETURNS TABLE (id uuid, visitor_name text, phone text, vehicle_no text, purpose text, flat_id uuid, status text,
               expected_start timestamptz, expected_end timestamptz, approval_deadline timestamptz, created_at timestamptz,
               invited_by uuid, flat_number text, block_name text, complex_name text, number_of_people integer,
               invited_by_name text, visit_id uuid, max_entries integer, entries_left integer, entry jsonb)
LANGUAGE sql STABLE ROWS 1 AS $$
    SELECT v.id, v.visitor_name, v.phone, v.vehicle_no, v.purpose, v.flat_id, v.status, v.expected_start, v.expected_end,
           v.approval_deadline, v.created_at, v.invited_by, f.flat_number, b.name, c.name, v.number_of_people,
           (SELECT u.name FROM users u WHERE u.id = v.invited_by),
           CASE WHEN v.status = 'checked_in' THEN v.visit_id END, v.max_entries, v.max_entries - entries_used(v),
           CASE WHEN judged.asked THEN entry_told(v, judged.code, statement_timestamp()) END
      FROM flats f JOIN blocks b ON b.id = f.block_id JOIN complexes c ON c.id = b.complex_id,
           LATERAL (SELECT v.status = 'accepted' OR v.guest_pass AND v.status = 'pending' AS asked OFFSET 0) AS asked,
           LATERAL (SELECT asked.asked, CASE WHEN asked.asked THEN entry_code(
                        v, true, statement_timestamp(),
                        CASE WHEN v.guest_pass THEN EXISTS (SELECT FROM live_role_assignments l
                             WHERE l.user_id = v.invited_by AND l.role = 'resident' AND l.scope_id = v.flat_id) END,
                        CASE WHEN NOT v.guest_pass THEN coalesce((SELECT (p.value #>> '{}')::integer FROM policies p
                             WHERE p.society_id = v.society_id AND p.name = 'acceptance_valid_hours'), 12) END) END AS code
                     OFFSET 0) AS judged
     WHERE f.id = v.flat_id
$$;
