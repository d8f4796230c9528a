-- A gate's phone as admins see it: nothing by which another phone could pass for it.
CREATE OR REPLACE FUNCTION gate_device_shown(d gate_devices) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT jsonb_build_object(
                   'id', d.id, 'society_id', d.society_id, 'gate_id', d.gate_id, 'gate_name', t.name, 'registered_at', d.registered_at,
                   'last_sign_in_at', d.last_sign_in_at, 'revoked_at', d.revoked_at, 'revoked_by', d.revoked_by)
          FROM gates t WHERE t.id = d.gate_id);
END $$;
