-- Notes where the migrator finds the database, and renews the epochs where that is elsewhere than before: answers
-- whether it did. A restore is found in another server, in another database, or on another timeline of the same one.
CREATE OR REPLACE FUNCTION note_place(p_host text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_place text := p_host;
    v_known text;
BEGIN
    BEGIN
        v_place := format('%s %s %s %s', p_host, (SELECT system_identifier FROM pg_control_system()),
                          (SELECT timeline_id FROM pg_control_checkpoint()),
                          (SELECT oid FROM pg_database WHERE datname = current_database()));
    EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_function THEN
        NULL;
    END;
    SELECT place INTO v_known FROM room_epoch FOR UPDATE;
    IF v_known = v_place THEN RETURN false; END IF;
    UPDATE room_epoch SET place = v_place;
    IF v_known IS NULL THEN RETURN false; END IF;
    PERFORM renew_epochs();
    RETURN true;
END $$;
