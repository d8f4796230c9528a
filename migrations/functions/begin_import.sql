-- Adds the places of a file that are missing, at once, and keeps who is to live there until `go_on_with_import` lets them in.
-- What is there stays as it is, but that a flat in which somebody is to live is active. Answers the import.
CREATE OR REPLACE FUNCTION begin_import(p_import uuid, p_society uuid, p_rows jsonb, p_caller uuid, p_request text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_flats     bigint;
    v_residents bigint;
    v_import    csv_imports;
BEGIN
    INSERT INTO complexes (society_id, name)
    SELECT p_society, m.name FROM (
        SELECT DISTINCT ON (lower(coalesce(r.complex, s.name))) coalesce(r.complex, s.name) AS name, r.line
          FROM import_rows(p_society, p_rows) r, societies s WHERE s.id = p_society AND r.complex_id IS NULL
         ORDER BY lower(coalesce(r.complex, s.name)), r.line) m ORDER BY m.line;
    INSERT INTO blocks (complex_id, name)
    SELECT m.complex_id, m.block FROM (
        SELECT DISTINCT ON (r.complex_id, lower(r.block)) r.complex_id, r.block, r.line
          FROM import_rows(p_society, p_rows) r WHERE r.block_id IS NULL ORDER BY r.complex_id, lower(r.block), r.line) m ORDER BY m.line;
    INSERT INTO flats (block_id, flat_number, unit_type, bhk, square_feet, parking_slots)
    SELECT m.block_id, m.flat_number, m.unit_type, m.bhk, m.square_feet, coalesce(m.parking_slots, 0) FROM (
        SELECT DISTINCT ON (r.block_id, lower(r.flat_number)) r.*
          FROM import_rows(p_society, p_rows) r WHERE r.flat_id IS NULL ORDER BY r.block_id, lower(r.flat_number), r.line) m ORDER BY m.line;
    GET DIAGNOSTICS v_flats = ROW_COUNT;
    SELECT count(*) INTO v_residents FROM jsonb_array_elements(p_rows) AS r WHERE r ->> 'phone' IS NOT NULL;
    INSERT INTO csv_imports (id, society_id, created_by, flats_made, rows_total, finished_at)
    VALUES (p_import, p_society, p_caller, v_flats, v_residents, CASE WHEN v_residents = 0 THEN now() END)
    RETURNING * INTO v_import;
    INSERT INTO csv_import_rows (import_id, line, flat_id, phone, name, role)
    SELECT p_import, r.line, r.flat_id, r.phone, r.name, r.role FROM import_rows(p_society, p_rows) r WHERE r.phone IS NOT NULL;
    UPDATE flats SET is_active = true
     WHERE NOT is_active AND id IN (SELECT flat_id FROM csv_import_rows WHERE import_id = p_import);
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    VALUES (p_caller, 'import.begin', 'import', p_import, p_society, p_request,
            jsonb_build_object('rows', jsonb_array_length(p_rows), 'flats_made', v_flats, 'residents', v_residents));
    RETURN import_shown(v_import);
END $$;
