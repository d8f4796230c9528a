-- Whether an occupancy is open, which stays so until the transaction ends. The locks are those of letting somebody in.
CREATE OR REPLACE FUNCTION hold_occupancy(p_occupancy uuid) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    o flat_occupancies;
BEGIN
    SELECT * INTO o FROM flat_occupancies WHERE id = p_occupancy;
    PERFORM alone('resident:' || o.user_id);
    PERFORM FROM users WHERE id = o.user_id FOR NO KEY UPDATE;
    PERFORM hold_flat(o.flat_id);
    RETURN EXISTS (SELECT FROM flat_occupancies WHERE id = p_occupancy AND end_date IS NULL);
END $$;
