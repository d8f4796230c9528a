-- Revokes a role now. It acts for the owner, so that nobody else can say when one ended, or that it did not. Answers when
-- that was.
CREATE OR REPLACE FUNCTION end_role(p_assignment uuid) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE role_assignments SET revoked_at = now()
     WHERE id = p_assignment AND revoked_at IS NULL AND role IN ('super_admin', 'society_admin', 'block_admin');
    RETURN now();
END $$;
