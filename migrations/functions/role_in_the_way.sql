-- Why a role cannot be revoked: 'revoked' before, or the 'last_admin' of its society or of everything; null where it can. All
-- who hold the same are locked in the order of their ids, so of two who revoke the last two at once the second sees one left.
CREATE OR REPLACE FUNCTION role_in_the_way(p_assignment uuid) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_role role_assignments;
BEGIN
    SELECT * INTO v_role FROM role_assignments WHERE id = p_assignment;
    PERFORM FROM role_assignments r
      WHERE r.role = v_role.role AND r.scope_id IS NOT DISTINCT FROM v_role.scope_id AND r.revoked_at IS NULL
      ORDER BY r.id FOR NO KEY UPDATE;
    SELECT * INTO v_role FROM role_assignments WHERE id = p_assignment;
    RETURN CASE
        WHEN v_role.revoked_at IS NOT NULL THEN 'revoked'
        WHEN v_role.role IN ('society_admin', 'super_admin') AND NOT EXISTS (
            SELECT FROM role_assignments r
             WHERE r.role = v_role.role AND r.scope_id IS NOT DISTINCT FROM v_role.scope_id AND r.revoked_at IS NULL AND r.id <> v_role.id)
        THEN 'last_admin' END;
END $$;
