-- The rows of a file of flats and residents, each with the places that are there already, by their names in any case. A row
-- that names no complex means the oldest block of its name, or else the oldest complex.
CREATE OR REPLACE FUNCTION import_rows(p_society uuid, p_rows jsonb)
RETURNS TABLE (line integer, complex text, block text, flat_number text, unit_type text, bhk text, square_feet integer,
               parking_slots integer, name text, phone text, role text, is_primary boolean, complex_id uuid, block_id uuid, flat_id uuid)
LANGUAGE plpgsql STABLE ROWS 1000 AS $$
BEGIN
    RETURN QUERY
    WITH known AS MATERIALIZED (
        SELECT c.id AS complex_id, lower(c.name) AS complex, b.id AS block_id, lower(b.name) AS block, c.created_at, b.created_at AS block_made
          FROM complexes c LEFT JOIN blocks b ON b.complex_id = c.id WHERE c.society_id = p_society
    ), named AS MATERIALIZED (
        SELECT DISTINCT ON (k.block) k.block, k.complex_id, k.block_id FROM known k WHERE k.block IS NOT NULL ORDER BY k.block, k.block_made, k.block_id
    ), r AS MATERIALIZED (
        SELECT r.*, lower(r.complex) AS c, lower(r.block) AS b, lower(r.flat_number) AS f
          FROM jsonb_to_recordset(p_rows) AS r (line integer, complex text, block text, flat_number text, unit_type text, bhk text,
               square_feet integer, parking_slots integer, name text, phone text, role text, is_primary boolean)
    ), placed AS MATERIALIZED (
        SELECT r.*, CASE WHEN r.c IS NULL THEN coalesce(n.complex_id, (SELECT k.complex_id FROM known k ORDER BY k.created_at, k.complex_id LIMIT 1))
                         ELSE (SELECT k.complex_id FROM known k WHERE k.complex = r.c LIMIT 1) END AS in_complex,
               CASE WHEN r.c IS NULL THEN n.block_id
                    ELSE (SELECT k.block_id FROM known k WHERE k.complex = r.c AND k.block = r.b LIMIT 1) END AS in_block
          FROM r LEFT JOIN named n ON r.c IS NULL AND n.block = r.b
    )
    SELECT p.line, p.complex, p.block, p.flat_number, p.unit_type, p.bhk, p.square_feet, p.parking_slots, p.name, p.phone, p.role,
           p.is_primary, p.in_complex, p.in_block,
           (SELECT x.id FROM flats x WHERE x.block_id = p.in_block AND lower(x.flat_number) = p.f ORDER BY x.created_at, x.id LIMIT 1)
      FROM placed p;
END $$;
