-- The rows of a file of flats and residents, each with the places that are there already, by their names in any case. A row
-- that names no complex means the oldest block of its name, or else the oldest complex.
CREATE OR REPLACE FUNCTION import_rows(p_society uuid, p_rows jsonb)
RETURNS TABLE (line integer, complex text, block text, flat_number text, unit_type text, bhk text, square_feet integer,
               parking_slots integer, name text, phone text, role text, complex_id uuid, block_id uuid, flat_id uuid)
LANGUAGE plpgsql STABLE ROWS 1000
-- The planner knows nothing of the rows, and would look each of them up among all flats of its block.
SET enable_nestloop = off AS $$
BEGIN
    RETURN QUERY
    WITH complex_ AS MATERIALIZED (
        SELECT DISTINCT ON (lower(c.name)) lower(c.name) AS c, c.id FROM complexes c WHERE c.society_id = p_society ORDER BY lower(c.name), c.created_at, c.id
    ), block_ AS MATERIALIZED (
        SELECT b.id, b.complex_id, lower(b.name) AS b, b.created_at FROM complexes c JOIN blocks b ON b.complex_id = c.id WHERE c.society_id = p_society
    ), named AS MATERIALIZED (
        SELECT DISTINCT ON (k.b) k.b, k.complex_id, k.id FROM block_ k ORDER BY k.b, k.created_at, k.id
    ), within AS MATERIALIZED (
        SELECT DISTINCT ON (k.complex_id, k.b) k.b, k.complex_id, k.id FROM block_ k ORDER BY k.complex_id, k.b, k.created_at, k.id
    ), flat_ AS MATERIALIZED (
        SELECT DISTINCT ON (x.block_id, lower(x.flat_number)) x.block_id, lower(x.flat_number) AS f, x.id
          FROM block_ k JOIN flats x ON x.block_id = k.id ORDER BY x.block_id, lower(x.flat_number), x.created_at, x.id
    ), r AS MATERIALIZED (
        SELECT r.*, lower(r.complex) AS c, lower(r.block) AS b, lower(r.flat_number) AS f
          FROM jsonb_to_recordset(p_rows) AS r (line integer, complex text, block text, flat_number text, unit_type text, bhk text,
               square_feet integer, parking_slots integer, name text, phone text, role text)
    ), oldest AS MATERIALIZED (
        SELECT c.id FROM complexes c WHERE c.society_id = p_society ORDER BY c.created_at, c.id LIMIT 1
    ), placed AS MATERIALIZED (
        SELECT r.*, CASE WHEN r.c IS NULL THEN coalesce(n.complex_id, (SELECT o.id FROM oldest o)) ELSE k.id END AS in_complex,
               CASE WHEN r.c IS NULL THEN n.id ELSE w.id END AS in_block
          FROM r
          LEFT JOIN complex_ k ON k.c = r.c
          LEFT JOIN within w ON w.complex_id = k.id AND w.b = r.b
          LEFT JOIN named n ON r.c IS NULL AND n.b = r.b
    )
    SELECT p.line, p.complex, p.block, p.flat_number, p.unit_type, p.bhk, p.square_feet, p.parking_slots, p.name, p.phone, p.role,
           p.in_complex, p.in_block, x.id
      FROM placed p LEFT JOIN flat_ x ON x.block_id = p.in_block AND x.f = p.f;
END $$;
