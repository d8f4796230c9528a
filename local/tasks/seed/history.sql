-- A year of a large town: the demo society with a tenth of 200,000 visitors and 1,000,000 visits, and
-- nine more with the rest. Visits outnumber visitors here only to make the table large.
SET session_replication_role = replica;
SELECT make_month_partition('visits', 'checkin_time', (CURRENT_DATE - make_interval(months => m))::date) FROM generate_series(1, 12) AS m;
INSERT INTO societies (id, name, city) SELECT uuid_v7(), 'Town ' || n, 'Pune' FROM generate_series(2, 10) AS n;
CREATE TEMPORARY TABLE some_flats AS
SELECT row_number() OVER () - 1 AS n, f.id AS flat_id, f.block_id FROM flats f;
CREATE TEMPORARY TABLE some_societies AS
SELECT row_number() OVER (ORDER BY name <> 'Green Acres') - 1 AS n, id FROM societies;

INSERT INTO visitors (id, society_id, block_id, flat_id, visitor_name, phone, status, decided_by, visit_id, checkin_time,
                      checkout_time, expected_start, created_by, created_at)
SELECT v.id, s.id, CASE WHEN s.n = 0 THEN f.block_id ELSE s.id END, CASE WHEN s.n = 0 THEN f.flat_id ELSE s.id END,
       'Visitor ' || v.n, '+919800000000', 'checked_out', 'resident', v.visit_id, v.at, v.at + interval '1 hour', v.at,
       '66666666-6666-6666-6666-000000000001', v.at
  FROM (SELECT n, gen_random_uuid() AS id, gen_random_uuid() AS visit_id, now() - make_interval(secs => n * 157.0) AS at
          FROM generate_series(1, 200000) AS n) v
  JOIN some_societies s ON s.n = v.n % 10
  JOIN some_flats f ON f.n = (v.n / 10) % 40;

INSERT INTO visits (id, checkin_time, checkout_time, society_id, block_id, flat_id, visitor_id, guard_id)
SELECT CASE copy WHEN 0 THEN v.visit_id ELSE gen_random_uuid() END, v.checkin_time + make_interval(secs => copy),
       v.checkout_time + make_interval(secs => copy), v.society_id, v.block_id, v.flat_id, v.id, '77777777-7777-7777-7777-000000000001'
  FROM visitors v, generate_series(0, 4) AS copy;
-- Who lives there has lived there all the time.
UPDATE flat_occupancies SET created_at = now() - interval '2 years';
UPDATE role_assignments SET created_at = now() - interval '2 years';
SET session_replication_role = origin;
ANALYZE;
