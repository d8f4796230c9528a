-- The guard that an admin changes, locked; null, where 'refusal' says what is answered: as shared::write reads it.
CREATE OR REPLACE FUNCTION guard_to_change(p_user uuid, p_guard uuid, OUT post guards, OUT refusal jsonb) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_access text;
BEGIN
    SELECT admin_access(p_user, g.society_id) INTO v_access FROM guards g WHERE g.id = p_guard;
    IF coalesce(v_access, 'not_found') = 'not_found' THEN
        refusal := 'null';
    ELSIF v_access = 'forbidden' THEN
        refusal := outcome(false, false, false, NULL);
    ELSE
        SELECT * INTO post FROM guards g WHERE g.id = p_guard AND alone('guard:' || g.id) FOR NO KEY UPDATE;
    END IF;
END $$;
