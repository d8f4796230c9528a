-- So many flats (:flats), of which the first hundred are in the demo society, in blocks of fifty, each with a resident.
SET session_replication_role = replica;
SET synchronous_commit = off;
INSERT INTO societies (id, name, city)
SELECT md5('society ' || s)::uuid, 'Town ' || s, 'Pune' FROM generate_series(1, greatest(:flats / 1000, 1)) AS s
ON CONFLICT DO NOTHING;
INSERT INTO complexes (id, society_id, name)
SELECT md5('complex ' || s)::uuid, md5('society ' || s)::uuid, 'Tower A' FROM generate_series(1, greatest(:flats / 1000, 1)) AS s
ON CONFLICT DO NOTHING;
CREATE TEMPORARY TABLE new_flats AS
SELECT n, md5('flat ' || n)::uuid AS flat_id, md5('block ' || n / 50)::uuid AS block_id, n / 50 AS block,
       CASE WHEN n < 100 THEN '22222222-2222-2222-2222-222222222222'
            ELSE md5('complex ' || n / 50 % greatest(:flats / 1000, 1) + 1)::uuid END AS complex_id
  FROM generate_series(50, :flats - 1) AS n;
INSERT INTO blocks (id, complex_id, name)
SELECT DISTINCT ON (block) block_id, complex_id, 'Block ' || block FROM new_flats
ON CONFLICT DO NOTHING;
INSERT INTO flats (id, block_id, flat_number) SELECT flat_id, block_id, 'F' || n FROM new_flats ON CONFLICT DO NOTHING;
INSERT INTO users (id, firebase_uid, phone, name)
SELECT md5('user ' || n)::uuid, 'years-' || n, '+9180' || lpad(n::text, 8, '0'), 'Resident of F' || n FROM new_flats
ON CONFLICT DO NOTHING;
INSERT INTO flat_occupancies (id, flat_id, user_id, role, is_primary)
SELECT md5('occupancy ' || n)::uuid, flat_id, md5('user ' || n)::uuid, 'owner', true FROM new_flats
ON CONFLICT DO NOTHING;
INSERT INTO role_assignments (id, user_id, role, scope_type, scope_id)
SELECT md5('role ' || n)::uuid, md5('user ' || n)::uuid, 'resident', 'flat', flat_id FROM new_flats
ON CONFLICT DO NOTHING;
-- Who lives there has lived there all the time.
UPDATE flat_occupancies SET created_at = now() - interval '10 years' WHERE created_at > now() - interval '9 years';
UPDATE role_assignments SET created_at = now() - interval '10 years' WHERE created_at > now() - interval '9 years';
DROP TABLE new_flats;
DROP TABLE IF EXISTS years_flats;
CREATE UNLOGGED TABLE years_flats AS
SELECT CASE WHEN c.society_id = '11111111-1111-1111-1111-111111111111' THEN 0 ELSE 1 END AS elsewhere,
       row_number() OVER (PARTITION BY c.society_id = '11111111-1111-1111-1111-111111111111' ORDER BY f.id) - 1 AS n,
       c.society_id, f.block_id, f.id AS flat_id
  FROM flats f JOIN blocks b ON b.id = f.block_id JOIN complexes c ON c.id = b.complex_id;
CREATE INDEX ON years_flats (elsewhere, n);
ANALYZE years_flats;
SELECT make_month_partition(t, c, (CURRENT_DATE - make_interval(months => m))::date)
  FROM (VALUES ('visits', 'checkin_time'), ('audit_logs', 'created_at')) AS k (t, c), generate_series(1, :months) AS m;
