-- Why a file cannot be imported, as a refusal; null where it can: a society has as many places as `place_in_the_way` says. The
-- society is held from here on.
CREATE OR REPLACE FUNCTION import_in_the_way(p_society uuid, p_rows jsonb) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_complexes bigint;
    v_blocks    bigint;
    v_flats     bigint;
BEGIN
    PERFORM hold_society(p_society);
    SELECT count(DISTINCT lower(complex)) FILTER (WHERE complex_id IS NULL),
           count(DISTINCT (lower(complex), lower(block))) FILTER (WHERE block_id IS NULL),
           count(DISTINCT (lower(complex), lower(block), lower(flat_number))) FILTER (WHERE flat_id IS NULL)
      INTO v_complexes, v_blocks, v_flats FROM import_rows(p_society, p_rows);
    SELECT v_complexes + count(DISTINCT c.id), v_blocks + count(DISTINCT b.id), v_flats + count(f.id)
      INTO v_complexes, v_blocks, v_flats
      FROM complexes c LEFT JOIN blocks b ON b.complex_id = c.id LEFT JOIN flats f ON f.block_id = b.id WHERE c.society_id = p_society;
    RETURN CASE WHEN v_complexes > 100 OR v_blocks > 1000 OR v_flats > 20000
                THEN '{"code": "not_allowed", "because": "too_many_places", "status": "too_many"}'::jsonb END;
END $$;
