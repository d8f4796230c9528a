-- An emergency as answers show it.
CREATE OR REPLACE FUNCTION emergency_answer(e emergencies) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT to_jsonb(e) || jsonb_build_object('flat_number', f.flat_number, 'block_name', b.name)
          FROM flats f JOIN blocks b ON b.id = f.block_id WHERE f.id = e.flat_id);
END $$;
