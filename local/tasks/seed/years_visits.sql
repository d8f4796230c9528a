-- Visitors :first to :last of :all, spread evenly over :months months, with their visits, answers, a message and two lines of
-- the audit each. Every one of :every is the demo society's, but for the last :lived months, which it has from the step
-- before. Of a hundred 4 were denied and cleared, 2 denied, 2 are passes that nobody used, 2 were accepted and never came.
SET session_replication_role = replica;
SET synchronous_commit = off;
CREATE TEMPORARY TABLE batch AS
SELECT v.n, (lpad(to_hex(floor(extract(epoch FROM v.at) * 1000)::bigint), 12, '0') || '7' || substr(v.hash, 1, 3) || '8' || substr(v.hash, 4, 15))::uuid AS id,
       (lpad(to_hex(floor(extract(epoch FROM v.at) * 1000)::bigint), 12, '0') || '7' || substr(v.hash, 1, 3) || '9' || substr(v.hash, 4, 15))::uuid AS visit_id,
       v.at, f.society_id, f.block_id, f.flat_id, v.hash,
       CASE WHEN v.n / :every % 50 < 3 THEN 'denied' WHEN v.n / :every % 50 = 3 THEN 'pending' WHEN v.n / :every % 50 = 4 THEN 'accepted'
            ELSE 'checked_out' END AS status
  FROM (SELECT n, md5(n::text || ' of :all') AS hash,
               now() - interval '2 days' - (make_interval(months => :months) * ((:all - n)::float8 / :all)) AS at,
               CASE WHEN n % :every = 0 AND make_interval(months => :months) * ((:all - n)::float8 / :all) >= make_interval(months => :lived)
                    THEN 0 ELSE 1 END AS elsewhere
          FROM generate_series(:first, :last) AS n) v
  JOIN (SELECT elsewhere, count(*) AS flats FROM years_flats GROUP BY elsewhere) c USING (elsewhere)
  JOIN years_flats f ON f.elsewhere = v.elsewhere AND f.n = (v.n / :every * 7 + v.n % :every) % c.flats;

INSERT INTO visitors (id, society_id, block_id, flat_id, visitor_name, phone, status, decided_by, guest_pass, qr_code, access_code,
                      visit_id, checkin_time, checkout_time, accepted_at, expected_start, expected_end, approval_deadline,
                      hidden_at, entries, created_by, created_at, updated_at)
SELECT id, society_id, block_id, flat_id, 'Visitor ' || n, '+919800000000', status,
       CASE WHEN status <> 'pending' THEN 'resident' END, status = 'pending',
       CASE WHEN status = 'pending' THEN substr(hash, 1, 20) || n END, CASE WHEN status = 'pending' THEN upper(substr(hash, 1, 12)) || n END,
       CASE WHEN status = 'checked_out' THEN visit_id END, CASE WHEN status = 'checked_out' THEN at END,
       CASE WHEN status = 'checked_out' THEN at + interval '1 hour' END,
       CASE WHEN status IN ('accepted', 'checked_out') THEN at END, at, at + interval '12 hours', at + interval '5 minutes',
       CASE WHEN status = 'denied' AND n / :every % 50 < 2 THEN at + interval '1 day' END,
       CASE WHEN status = 'checked_out' THEN 1 ELSE 0 END, '66666666-6666-6666-6666-000000000001', at, at
  FROM batch;
INSERT INTO visits (id, checkin_time, checkout_time, society_id, block_id, flat_id, visitor_id, guard_id, created_at)
SELECT visit_id, at, at + interval '1 hour', society_id, block_id, flat_id, id, '77777777-7777-7777-7777-000000000001', at
  FROM batch WHERE status = 'checked_out';
INSERT INTO visitor_approvals (id, visitor_id, user_id, decided_by, decision, created_at)
SELECT id, id, '55555555-5555-5555-000a-000000000101', 'resident', CASE status WHEN 'denied' THEN 'deny' ELSE 'accept' END, at
  FROM batch WHERE status <> 'pending';
INSERT INTO audit_logs (id, created_at, actor_user_id, action, resource_type, resource_id, society_id, details)
SELECT CASE a.action WHEN 'visitor.create' THEN id ELSE visit_id END, at, '66666666-6666-6666-6666-000000000001', a.action, 'visitor', id,
       society_id, jsonb_build_object('flat_id', flat_id)
  FROM batch, (VALUES ('visitor.create'), ('visit.checkin')) AS a (action);
INSERT INTO notifications (id, user_id, visitor_id, channel, status, created_at, kind, room, expires_at, sent_at, delivered_at, society_id, flat_id)
SELECT id, CASE flat_id WHEN '44444444-4444-4444-4444-444444444444' THEN '55555555-5555-5555-000a-000000000101'::uuid ELSE flat_id END,
       id, 'push', 'delivered', at, 'visitor_request', 'flat:' || flat_id, at + interval '5 minutes', at, at, society_id, flat_id
  FROM batch;
DROP TABLE batch;
