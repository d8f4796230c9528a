-- What a guard's block is refused for that is none of the society; null where it is one, or none is named.
CREATE OR REPLACE FUNCTION block_problem(p_society uuid, p_block uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_block IS NULL OR EXISTS (
        SELECT FROM blocks b JOIN complexes c ON c.id = b.complex_id WHERE b.id = p_block AND c.society_id = p_society) THEN
        RETURN NULL;
    END IF;
    RETURN '{"field": "block_id", "code": "OUT_OF_RANGE", "problem": "is no block of the society"}';
END $$;
