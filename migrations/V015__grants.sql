-- What the functions may do in the database: what their statements do, and nothing else. They sign in as members of the
-- role society360_functions, who own nothing. docs/grants.md holds the same as a table, which a test compares.

-- Roles belong to the whole server, where another stage may have made this one before.
DO $$ BEGIN
    IF to_regrole('society360_functions') IS NULL THEN CREATE ROLE society360_functions NOLOGIN; END IF;
END $$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO society360_functions;
-- A function does no more than its caller may. The few that do, which have SECURITY DEFINER, are named in docs/grants.md.
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO society360_functions;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO society360_functions;

-- What operators enter.
GRANT SELECT ON societies, complexes, blocks, flats, places, guards, policies, message_templates, escalation_steps
    TO society360_functions;

-- People, and where they belong.
GRANT SELECT, INSERT ON users TO society360_functions;
GRANT UPDATE (phone, phone_verified_at, email, name, language, updated_at) ON users TO society360_functions;
GRANT INSERT, SELECT (user_id, token_sha256) ON firebase_auth_audit TO society360_functions;
GRANT SELECT, INSERT ON flat_occupancies, role_assignments TO society360_functions;
GRANT SELECT ON live_role_assignments, live_occupancies TO society360_functions;
GRANT SELECT, INSERT ON resident_requests TO society360_functions;
GRANT UPDATE (requested_role, docs, note, status, submitted_at, processed_by, processed_at, processed_note)
    ON resident_requests TO society360_functions;
GRANT INSERT ON resident_request_approvals TO society360_functions;
GRANT SELECT, INSERT, DELETE ON devices TO society360_functions;
GRANT UPDATE (user_id, device_identifier, token, platform, device_info, is_active, last_seen, updated_at)
    ON devices TO society360_functions;
GRANT SELECT, INSERT ON notification_preferences TO society360_functions;
GRANT UPDATE (push, sms, whatsapp, quiet_from, quiet_until, updated_at) ON notification_preferences TO society360_functions;

-- The gate. What was answered stays as it was said, and a visitor keeps the name that was given.
GRANT SELECT, INSERT ON visitors TO society360_functions;
GRANT UPDATE (status, decided_by, accepted_at, withdrawn_at, visit_id, entries, checkin_time, checkout_time, hidden_at, updated_at)
    ON visitors TO society360_functions;
GRANT SELECT, INSERT (visitor_id, user_id, decided_by, decision, note) ON visitor_approvals TO society360_functions;
GRANT SELECT, INSERT ON visitor_escalations TO society360_functions;
GRANT UPDATE (done_at) ON visitor_escalations TO society360_functions;
GRANT SELECT, INSERT ON visits TO society360_functions;
GRANT UPDATE (checkout_time, checkout_guard_id, notes) ON visits TO society360_functions;
GRANT SELECT, INSERT ON emergencies TO society360_functions;
GRANT UPDATE (status, description, alerted_at, addressed_by_guard_id, addressed_at, resolved_by_guard_id, resolved_at, updated_at)
    ON emergencies TO society360_functions;

-- What is told. Of a message it changes how far it came, never what it says or to whom.
GRANT SELECT, INSERT ON room_sequences TO society360_functions;
GRANT UPDATE (seq, pushed, pusher, pusher_until, attempts, due_at) ON room_sequences TO society360_functions;
GRANT SELECT, INSERT ON outbox TO society360_functions;
GRANT UPDATE (dead_at) ON outbox TO society360_functions;
GRANT SELECT, INSERT, DELETE ON lagging_connections TO society360_functions;
GRANT UPDATE (since, attempts, due_at) ON lagging_connections TO society360_functions;
GRANT SELECT, INSERT ON notification_logs TO society360_functions;
GRANT UPDATE (status, reason, attempts, due_at, sent_at, delivered_at, opened_at, failed_at)
    ON notification_logs TO society360_functions;
GRANT SELECT, INSERT, DELETE ON delivery_tellings TO society360_functions;
GRANT UPDATE (told_at, due_at) ON delivery_tellings TO society360_functions;

-- What is written down: added, with the time and the id that the database gives, and neither read nor changed.
GRANT INSERT (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    ON audit_logs TO society360_functions;

-- What the functions need themselves.
GRANT SELECT, INSERT ON idempotency_keys TO society360_functions;
GRANT UPDATE (payload, answer, created_at) ON idempotency_keys TO society360_functions;
GRANT SELECT, INSERT ON request_counts TO society360_functions;
GRANT UPDATE (window_start, hits) ON request_counts TO society360_functions;
GRANT SELECT, INSERT ON pass_guesses TO society360_functions;
GRANT UPDATE (window_start, misses) ON pass_guesses TO society360_functions;
GRANT SELECT ON watch TO society360_functions;
GRANT UPDATE (watcher, until) ON watch TO society360_functions;
GRANT SELECT (id), INSERT (task) ON retention_runs TO society360_functions;
GRANT UPDATE (finished_at, rows, problem) ON retention_runs TO society360_functions;

-- What is old goes by the functions below alone. They act for the owner, so none of them takes a name of a table or a
-- time: which rows are old stands in them and in `policies`, which the functions only read. An argument is a number of
-- rows, so that a round ends in time.

-- Months without a partition: this one, three ahead, and whatever rows of the default partitions lie in.
CREATE FUNCTION missing_partitions() RETURNS TABLE (table_name text, day date) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH months AS (
        SELECT t.name, (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead))::date AS month
          FROM (VALUES ('visits'), ('audit_logs')) AS t (name), generate_series(0, 3) AS ahead
        UNION
        SELECT 'visits', date_trunc('month', checkin_time AT TIME ZONE 'UTC')::date FROM visits_default
        UNION
        SELECT 'audit_logs', date_trunc('month', created_at AT TIME ZONE 'UTC')::date FROM audit_logs_default
    )
    SELECT name, month FROM months
     WHERE to_regclass(month_partition(name, month)) IS NULL
     ORDER BY month, name
$$;

-- Makes one of them; answers whether it was still missing. It looks at no default partition before it has the lock that
-- comes first, or two of these would wait for each other.
CREATE FUNCTION make_partition(p_table text, p_day date) RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
    month  date := date_trunc('month', p_day);
    wanted boolean := month - date_trunc('month', now() AT TIME ZONE 'UTC')::date BETWEEN 0 AND 93;
BEGIN
    IF p_table = 'visits' THEN
        LOCK TABLE ONLY visits IN SHARE UPDATE EXCLUSIVE MODE;
        IF wanted OR EXISTS (SELECT FROM visits_default WHERE date_trunc('month', checkin_time AT TIME ZONE 'UTC') = month) THEN
            RETURN make_month_partition('visits', 'checkin_time', month);
        END IF;
    ELSIF p_table = 'audit_logs' THEN
        LOCK TABLE ONLY audit_logs IN SHARE UPDATE EXCLUSIVE MODE;
        IF wanted OR EXISTS (SELECT FROM audit_logs_default WHERE date_trunc('month', created_at AT TIME ZONE 'UTC') = month) THEN
            RETURN make_month_partition('audit_logs', 'created_at', month);
        END IF;
    END IF;
    RETURN false;
END $$;

-- Strips visitors whose time ended longer ago than their society keeps them, 180 days where it says nothing.
CREATE FUNCTION strip_visitors(p_rows integer) RETURNS bigint LANGUAGE sql VOLATILE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT count(*) FROM (
        SELECT strip_visitor(v) FROM societies s, LATERAL (
            SELECT * FROM visitors
             WHERE society_id = s.id AND stripped_at IS NULL AND status <> 'checked_in'
               AND greatest(created_at, expected_start, expected_end, checkout_time)
                   < now() - make_interval(days => policy_number(s.id, 'visitor_retention_days', 180))
             LIMIT p_rows
               FOR NO KEY UPDATE SKIP LOCKED) v
         LIMIT p_rows) stripped
$$;

-- Deletes answers that claim_key does not repeat any more.
CREATE FUNCTION forget_keys(p_rows integer) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM idempotency_keys WHERE (user_id, method, path, key) IN (
        SELECT user_id, method, path, key FROM idempotency_keys
         WHERE created_at < now() - interval '24 hours'
         LIMIT p_rows
           FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;

-- Deletes events older than their society keeps them, 72 hours where it says nothing, but not what is still to be pushed
-- or opened an emergency that is not resolved.
CREATE FUNCTION forget_events(p_rows integer) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    WITH shortest AS MATERIALIZED (
        SELECT least(72, min((value #>> '{}')::integer)) AS hours FROM policies WHERE name = 'event_retention_hours'
    )
    DELETE FROM outbox WHERE id IN (
        SELECT o.id FROM shortest, outbox o JOIN room_sequences r ON r.room = o.room
         WHERE o.created_at < now() - make_interval(hours => shortest.hours)
           AND o.created_at < now() - make_interval(hours => policy_number(room_society(o.room), 'event_retention_hours', 72))
           AND o.seq <= r.pushed
           AND NOT (o.event = 'emergency_alert' AND EXISTS (
                   SELECT FROM emergencies e WHERE e.id::text = o.data ->> 'emergency_id' AND e.status <> 'resolved'))
         LIMIT p_rows
           FOR UPDATE OF o SKIP LOCKED);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;

-- Deletes counts of requests after a day, which is longer than any window.
CREATE FUNCTION forget_rates(p_rows integer) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM request_counts WHERE counted IN (
        SELECT counted FROM request_counts
         WHERE window_start < now() - interval '1 day'
         LIMIT p_rows
           FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;

-- Likewise counts of wrong codes.
CREATE FUNCTION forget_guesses(p_rows integer) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM pass_guesses WHERE user_id IN (
        SELECT user_id FROM pass_guesses
         WHERE window_start < now() - interval '1 day'
         LIMIT p_rows
           FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;

-- Deletes records of these runs after a year.
CREATE FUNCTION forget_runs(p_rows integer) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM retention_runs WHERE id IN (
        SELECT id FROM retention_runs
         WHERE started_at < now() - interval '1 year'
         LIMIT p_rows
           FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;

-- The smallest id that uuid_v7 could make at a time: older rows are found by their key.
CREATE FUNCTION uuid_v7_at(p_time timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (lpad(to_hex(floor(extract(epoch FROM p_time) * 1000)::bigint), 12, '0') || '7000' || '8000000000000000')::uuid
$$;

-- Deletes notes of sign-ins, and with them the addresses they came from, after a year: as long as whoever looks into an
-- intrusion has to be able to look back (India: DPDP Rules 2025, rule 6).
CREATE FUNCTION forget_sign_ins(p_rows integer) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM firebase_auth_audit WHERE id IN (
        SELECT id FROM firebase_auth_audit
         WHERE id < uuid_v7_at(now() - interval '1 year') AND created_at < now() - interval '1 year'
         ORDER BY id LIMIT p_rows
           FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;

-- What residents wrote, or added, to something that ended a year ago is removed: of requests for a flat the papers and
-- notes, of emergencies what had happened.
CREATE INDEX resident_requests_ended_idx ON resident_requests (processed_at)
    WHERE docs <> '[]' OR note IS NOT NULL OR processed_note IS NOT NULL;
CREATE INDEX emergencies_ended_idx ON emergencies (resolved_at) WHERE description IS NOT NULL;

CREATE FUNCTION strip_requests(p_rows integer) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    ended uuid[];
BEGIN
    ended := ARRAY(
        SELECT id FROM resident_requests
         WHERE processed_at < now() - interval '1 year'
           AND (docs <> '[]' OR note IS NOT NULL OR processed_note IS NOT NULL)
         LIMIT p_rows
           FOR NO KEY UPDATE SKIP LOCKED);
    UPDATE resident_requests SET docs = '[]', note = NULL, processed_note = NULL WHERE id = ANY (ended);
    UPDATE resident_request_approvals SET note = NULL WHERE request_id = ANY (ended) AND note IS NOT NULL;
    RETURN cardinality(ended);
END $$;

CREATE FUNCTION strip_emergencies(p_rows integer) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    UPDATE emergencies SET description = NULL WHERE id IN (
        SELECT id FROM emergencies
         WHERE resolved_at < now() - interval '1 year' AND description IS NOT NULL
         LIMIT p_rows
           FOR NO KEY UPDATE SKIP LOCKED);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
