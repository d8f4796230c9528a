-- The demo society: Green Acres in Bengaluru, one complex, 2 blocks with 20 flats each, 2 residents
-- in each flat, 4 guards, 1 society admin, 1 super admin. Every id follows from what it names, so that the lines in
-- the README can be copied. Running this twice changes nothing.

INSERT INTO societies (id, name, city) VALUES
    ('11111111-1111-1111-1111-111111111111', 'Green Acres', 'Bengaluru')
ON CONFLICT DO NOTHING;

INSERT INTO complexes (id, society_id, name) VALUES
    ('22222222-2222-2222-2222-222222222222', '11111111-1111-1111-1111-111111111111', 'Tower A')
ON CONFLICT DO NOTHING;

INSERT INTO blocks (id, complex_id, name) VALUES
    ('33333333-3333-3333-3333-333333333333', '22222222-2222-2222-2222-222222222222', 'Block A'),
    ('33333333-3333-3333-3333-333333333334', '22222222-2222-2222-2222-222222222222', 'Block B')
ON CONFLICT DO NOTHING;

-- Block A: 101 to 504 (five floors of four), block B: 601 to 1004. Flat 101 has the id of the sample data;
-- flat 102 is 44444444-4444-4444-4444-000000000102, and so on.
CREATE TEMPORARY TABLE demo_flats AS
SELECT (CASE WHEN number = 101 THEN '44444444-4444-4444-4444-444444444444'
             ELSE '44444444-4444-4444-4444-' || lpad(number::text, 12, '0') END)::uuid AS id,
       (CASE WHEN floor <= 5 THEN '33333333-3333-3333-3333-333333333333'
             ELSE '33333333-3333-3333-3333-333333333334' END)::uuid AS block_id,
       number
  FROM (SELECT floor, floor * 100 + door AS number
          FROM generate_series(1, 10) AS floor, generate_series(1, 4) AS door) AS numbers;

INSERT INTO flats (id, block_id, flat_number)
SELECT id, block_id, number::text FROM demo_flats
ON CONFLICT DO NOTHING;

-- Residents a and b of flat 101: uid demo-resident-101a, id 55555555-5555-5555-000a-000000000101.
CREATE TEMPORARY TABLE demo_residents AS
SELECT ('55555555-5555-5555-000' || letter || '-' || lpad(number::text, 12, '0'))::uuid AS user_id,
       'demo-resident-' || number || letter AS firebase_uid,
       '+9198' || (CASE letter WHEN 'a' THEN '1' ELSE '2' END) || lpad(number::text, 7, '0') AS phone,
       'Resident ' || number || upper(letter) AS name,
       id AS flat_id,
       letter = 'a' AS is_primary
  FROM demo_flats, (VALUES ('a'), ('b')) AS letters (letter);

INSERT INTO users (id, firebase_uid, phone, name)
SELECT user_id, firebase_uid, phone, name FROM demo_residents
ON CONFLICT DO NOTHING;

INSERT INTO flat_occupancies (flat_id, user_id, role, is_primary)
SELECT flat_id, user_id, CASE WHEN is_primary THEN 'owner' ELSE 'other' END, is_primary
  FROM demo_residents d
 -- One that ended since stays ended.
 WHERE NOT EXISTS (SELECT FROM flat_occupancies o WHERE o.flat_id = d.flat_id AND o.user_id = d.user_id);

-- Guards: uid demo-guard-1, user 66666666-6666-6666-6666-000000000001, post 77777777-7777-7777-7777-000000000001.
INSERT INTO users (id, firebase_uid, phone, name)
SELECT ('66666666-6666-6666-6666-' || lpad(n::text, 12, '0'))::uuid, 'demo-guard-' || n, '+91970000000' || n, 'Guard ' || n
  FROM generate_series(1, 4) AS n
ON CONFLICT DO NOTHING;

INSERT INTO guards (id, user_id, society_id)
SELECT ('77777777-7777-7777-7777-' || lpad(n::text, 12, '0'))::uuid,
       ('66666666-6666-6666-6666-' || lpad(n::text, 12, '0'))::uuid,
       '11111111-1111-1111-1111-111111111111'
  FROM generate_series(1, 4) AS n
ON CONFLICT DO NOTHING;

INSERT INTO users (id, firebase_uid, phone, name) VALUES
    ('88888888-8888-8888-8888-888888888888', 'demo-admin', '+919600000001', 'Society Admin'),
    ('99999999-9999-9999-9999-999999999999', 'demo-super-admin', '+919600000002', 'Super Admin')
ON CONFLICT DO NOTHING;

INSERT INTO role_assignments (user_id, role, scope_type, scope_id)
SELECT '88888888-8888-8888-8888-888888888888', 'society_admin', 'society', '11111111-1111-1111-1111-111111111111'
 WHERE NOT EXISTS (SELECT FROM role_assignments
                    WHERE user_id = '88888888-8888-8888-8888-888888888888' AND role = 'society_admin');

INSERT INTO role_assignments (user_id, role, scope_type)
SELECT '99999999-9999-9999-9999-999999999999', 'super_admin', 'global'
 WHERE NOT EXISTS (SELECT FROM role_assignments
                    WHERE user_id = '99999999-9999-9999-9999-999999999999' AND role = 'super_admin');

DROP TABLE demo_residents, demo_flats;

-- Whatever would have to be registered with carriers is registered here.
UPDATE message_templates
   SET approval = 'approved', dlt_template_id = '1007000000000000001', whatsapp_name = kind || '_v1'
 WHERE approval = 'draft';
