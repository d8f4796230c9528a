-- Ends an occupancy on its society's today, and the role that came with it. It acts for the owner, so that nobody else can say
-- when one ended, or that it did not.
CREATE OR REPLACE FUNCTION end_occupancy(p_occupancy uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    o flat_occupancies;
BEGIN
    UPDATE flat_occupancies x SET end_date = (now() AT TIME ZONE p.timezone)::date
      FROM places p WHERE x.id = p_occupancy AND x.end_date IS NULL AND p.flat_id = x.flat_id
    RETURNING x.* INTO o;
    UPDATE role_assignments SET revoked_at = now()
     WHERE user_id = o.user_id AND role = 'resident' AND scope_id = o.flat_id AND revoked_at IS NULL;
END $$;
