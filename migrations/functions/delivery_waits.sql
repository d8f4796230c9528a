-- Whether news about a visitor were put off.
CREATE OR REPLACE FUNCTION delivery_waits(p_visitor uuid) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM delivery_tellings WHERE visitor_id = p_visitor AND due_at IS NOT NULL);
END $$;
