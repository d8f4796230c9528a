-- Why a flat cannot be changed so, as a refusal; null where it can: as of any place, and a flat in which somebody lives, has
-- asked to live or is to live stays active. p_number and p_active are null where they stay. The flat is held behind its society.
CREATE OR REPLACE FUNCTION flat_in_the_way(p_society uuid, p_block uuid, p_flat uuid, p_number text, p_active boolean) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_refusal jsonb := place_in_the_way(p_society, 'flat', p_block, p_flat, p_number);
BEGIN
    IF v_refusal IS NULL AND NOT p_active AND (NOT is_vacant(p_flat) OR EXISTS (
        SELECT FROM resident_requests WHERE block_id = p_block AND status = 'pending' AND flat_id = p_flat)
        OR EXISTS (SELECT FROM resident_claims WHERE flat_id = p_flat)) THEN
        RETURN '{"code": "not_allowed", "because": "flat_lived_in", "status": "resident"}';
    END IF;
    RETURN v_refusal;
END $$;
