-- To grant a role that is held already changes nothing.
CREATE OR REPLACE FUNCTION skip_held_role() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM role_assignments r
                WHERE r.user_id = NEW.user_id AND r.role = NEW.role
                  AND r.scope_id IS NOT DISTINCT FROM NEW.scope_id AND r.revoked_at IS NULL) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END $$;
