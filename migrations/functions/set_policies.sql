-- Decides all policies of a society: what p_values does not name has its default again. It acts for the owner, since nobody
-- else may shorten how long something is kept, and so writes the audit itself. Answers whether anything is another than
-- before.
CREATE OR REPLACE FUNCTION set_policies(p_society uuid, p_values jsonb, p_caller uuid, p_request text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_before jsonb;
BEGIN
    PERFORM hold_society(p_society);
    SELECT coalesce(jsonb_object_agg(name, value), '{}') INTO v_before FROM policies WHERE society_id = p_society;
    IF v_before = p_values THEN RETURN false; END IF;
    DELETE FROM policies WHERE society_id = p_society AND NOT p_values ? name;
    INSERT INTO policies (society_id, name, value) SELECT p_society, e.key, e.value FROM jsonb_each(p_values) e ORDER BY e.key
        ON CONFLICT (society_id, name) DO UPDATE SET value = excluded.value, updated_at = now()
     WHERE policies.value <> excluded.value;
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    VALUES (p_caller, 'policies.set', 'society', p_society, p_society, p_request,
            jsonb_build_object('before', v_before, 'after', p_values));
    RETURN true;
END $$;
