-- Why a place cannot be added below p_parent, or p_own of it not be called so, as a refusal; null where it can. p_kind is
-- 'complex', 'block' or 'flat'; p_own is null for a new one, p_name where it keeps its own. The society is held from here on,
-- so that nobody else adds one meanwhile. A name is that of another one in any case. How many a society may have stands here
-- and in docs/integration.md.
CREATE OR REPLACE FUNCTION place_in_the_way(p_society uuid, p_kind text, p_parent uuid, p_own uuid, p_name text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_taken boolean;
    v_full  boolean := false;
BEGIN
    PERFORM hold_society(p_society);
    CASE p_kind
        WHEN 'complex' THEN
            v_taken := EXISTS (SELECT FROM complexes WHERE society_id = p_parent AND lower(name) = lower(p_name) AND id IS DISTINCT FROM p_own);
            IF p_own IS NULL THEN v_full := (SELECT count(*) FROM complexes WHERE society_id = p_society) >= 100; END IF;
        WHEN 'block' THEN
            v_taken := EXISTS (SELECT FROM blocks WHERE complex_id = p_parent AND lower(name) = lower(p_name) AND id IS DISTINCT FROM p_own);
            IF p_own IS NULL THEN
                v_full := (SELECT count(*) FROM blocks b JOIN complexes c ON c.id = b.complex_id WHERE c.society_id = p_society) >= 1000;
            END IF;
        ELSE
            v_taken := EXISTS (SELECT FROM flats WHERE block_id = p_parent AND lower(flat_number) = lower(p_name) AND id IS DISTINCT FROM p_own);
            IF p_own IS NULL THEN
                v_full := (SELECT count(*) FROM complexes c JOIN blocks b ON b.complex_id = c.id JOIN flats f ON f.block_id = b.id
                            WHERE c.society_id = p_society) >= 20000;
            END IF;
    END CASE;
    RETURN CASE
        WHEN v_taken THEN jsonb_build_object('code', 'invalid', 'problem', jsonb_build_object(
            'field', CASE p_kind WHEN 'flat' THEN 'flat_number' ELSE 'name' END, 'code', 'TAKEN', 'problem', 'is in use already',
            'sentence', CASE p_kind WHEN 'complex' THEN 'Another complex of this society has this name already.'
                                    WHEN 'block' THEN 'Another block of this complex has this name already.'
                                    ELSE 'Another flat of this block has this number already.' END))
        WHEN v_full THEN '{"code": "not_allowed", "because": "too_many_places", "status": "too_many"}' END;
END $$;
