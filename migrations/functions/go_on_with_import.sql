-- Lets in who is next in an import, at most p_rows of them, and no more behind one who lives there at once: they hold a flat's
-- room. One transaction at a time does it. Answers how far it came, and the events.
CREATE OR REPLACE FUNCTION go_on_with_import(p_import uuid, p_caller uuid, p_rows integer, p_request text, p_trace text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    r         csv_import_rows;
    v_settled jsonb;
    v_events  jsonb := '[]';
    v_done    integer := 0;
    v_fresh   integer := 0;
    v_import  csv_imports;
BEGIN
    PERFORM alone('import:' || p_import);
    FOR r IN SELECT * FROM csv_import_rows WHERE import_id = p_import ORDER BY line LIMIT p_rows LOOP
        v_settled := settle_resident(r.flat_id, r.phone, r.name, r.role, 'import', p_caller, p_request, p_trace);
        DELETE FROM csv_import_rows WHERE import_id = p_import AND line = r.line;
        v_done := v_done + 1;
        v_fresh := v_fresh + (v_settled -> 'fresh')::boolean::integer;
        IF v_settled ? 'event' THEN
            v_events := v_events || (v_settled -> 'event');
            EXIT;
        END IF;
    END LOOP;
    UPDATE csv_imports SET rows_done = rows_done + v_done, rows_fresh = rows_fresh + v_fresh,
           finished_at = CASE WHEN rows_done + v_done >= rows_total THEN coalesce(finished_at, now()) END
     WHERE id = p_import RETURNING * INTO v_import;
    RETURN jsonb_build_object('answer', import_shown(v_import), 'events', v_events);
END $$;
