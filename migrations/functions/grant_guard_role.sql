-- A new post brings its role, which counts only together with that row: see live_role_assignments.
CREATE OR REPLACE FUNCTION grant_guard_role() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO role_assignments (user_id, role, scope_type, scope_id)
    VALUES (NEW.user_id, 'guard', 'society', NEW.society_id);
    RETURN NULL;
END $$;
