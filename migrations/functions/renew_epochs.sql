-- Gives all rooms another epoch, as the owner does after a restore: no position from before is believed any more.
CREATE OR REPLACE FUNCTION renew_epochs() RETURNS uuid LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_epoch uuid;
BEGIN
    UPDATE room_epoch SET epoch = gen_random_uuid(), renewed_at = clock_timestamp() RETURNING epoch INTO v_epoch;
    RETURN v_epoch;
END $$;
