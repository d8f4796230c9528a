-- A flat as a caller is told of it, with the resident to ask for and their number as it is shown to this caller.
CREATE OR REPLACE FUNCTION flat_shown(p places, p_resident uuid, p_name text, p_phone text) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
               'flat_id', p.flat_id, 'flat_number', p.flat_number, 'block_id', p.block_id, 'block_name', p.block_name,
               'complex_id', p.complex_id, 'complex_name', p.complex_name,
               'society_id', p.society_id, 'society_name', p.society_name, 'resident_user_id', p_resident,
               'resident_name', CASE WHEN p_resident IS NOT NULL THEN coalesce(p_name, 'Resident of ' || p.flat_number) END,
               'resident_phone', p_phone)
$$;
