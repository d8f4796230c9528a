-- Forgets what was put off and has not failed for an hour: it was answered, or ended, in another way.
CREATE OR REPLACE FUNCTION forget_put_off() RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    DELETE FROM put_off WHERE due_at < clock_timestamp() - interval '1 hour';
END $$;
