-- What is kept no longer: months are made ahead, and personal data of visitors end with their time.

ALTER TABLE policies DROP CONSTRAINT policies_value_check;
ALTER TABLE policies ADD CONSTRAINT policies_value_check CHECK (CASE name
    WHEN 'approval_timeout_seconds' THEN value BETWEEN '10' AND '86400'
    -- A visitor's request is open for a day at most, and kept as long as it is.
    WHEN 'event_retention_hours' THEN value BETWEEN '24' AND '720'
    WHEN 'guest_pass_max_days' THEN value BETWEEN '1' AND '365'
    WHEN 'guest_pass_default_hours' THEN value BETWEEN '1' AND '8760'
    WHEN 'resident_auto_approve' THEN value IN ('true', 'false')
    -- No shorter than events, which name visitors too.
    WHEN 'visitor_retention_days' THEN value BETWEEN '30' AND '1095'
    ELSE false END);

-- One row for each task of each round. Without an end it was killed, or is at it still.
CREATE TABLE retention_runs (
    id          uuid PRIMARY KEY DEFAULT uuid_v7(),
    task        text NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    -- Also where the task failed on its way.
    rows        bigint NOT NULL DEFAULT 0,
    problem     text
);
CREATE INDEX retention_runs_age_idx ON retention_runs (started_at);

-- Set when what was known of a visitor as a person was removed; done once.
ALTER TABLE visitors ADD COLUMN stripped_at timestamptz;
-- By the end of a visitor's time: he left, or his window or the time he was expected at is over.
CREATE INDEX visitors_ended_idx ON visitors (society_id, greatest(created_at, expected_start, expected_end, checkout_time))
    WHERE stripped_at IS NULL AND status <> 'checked_in';

-- Removes what is known of a visitor as a person. What counts stays: ids, times, people, states, decisions, and
-- a purpose or a way of checking in where it is a usual word, since people may type anything there.
CREATE FUNCTION strip_visitor(v visitors) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE visitors
       SET visitor_name = 'removed', phone = '', id_type = NULL, id_number = NULL, attachment_ids = '{}',
           vehicle_no = NULL, qr_code = NULL, access_code = NULL, idempotency_key = NULL, stripped_at = now(),
           purpose = CASE WHEN lower(purpose) = ANY ('{guest,family,friend,delivery,courier,food,cab,service,maintenance,repair,staff,party}')
                          THEN purpose ELSE 'other' END
     WHERE id = v.id;
    UPDATE visitor_approvals SET note = NULL WHERE visitor_id = v.id AND note IS NOT NULL;
    UPDATE visits
       SET notes = NULL,
           checkin_method = CASE WHEN lower(checkin_method) = ANY ('{manual,qr,qr_code,code,access_code,pass,scan}')
                                 THEN checkin_method ELSE 'other' END
     WHERE id = v.visit_id AND checkin_time = v.checkin_time;
    -- Named are the parts that stay, so that a new one goes.
    UPDATE notification_logs n
       SET payload = (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(n.payload)
                       WHERE key IN ('type', 'visitor_id', 'flat_id', 'flat_number', 'block_name', 'decision', 'status',
                                     'screen', 'click_action'))
     WHERE visitor_id = v.id;
END $$;

-- The partition of the month that holds p_day.
CREATE FUNCTION month_partition(p_table text, p_day date) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT format('%s_%s_%s', p_table, lpad(extract(year FROM p_day)::text, 4, '0'), lpad(extract(month FROM p_day)::text, 2, '0'))
$$;

-- As before, while others read and write, and one at a time; answers whether there was something to make.
-- It gives up on a lock before a deadlock would be looked for, so that nobody who checks a visitor in has to.
DROP FUNCTION make_month_partition;
CREATE FUNCTION make_month_partition(p_table text, p_column text, p_day date) RETURNS boolean LANGUAGE plpgsql
SET lock_timeout = '500ms' AS $$
DECLARE
    month timestamp := date_trunc('month', p_day::timestamp);
    first timestamptz := month AT TIME ZONE 'UTC';
    next  timestamptz := (month + interval '1 month') AT TIME ZONE 'UTC';
    name  text := month_partition(p_table, p_day);
BEGIN
    -- In the order in which a writer takes them.
    EXECUTE format('LOCK TABLE ONLY %I IN SHARE UPDATE EXCLUSIVE MODE', p_table);
    IF to_regclass(name) IS NOT NULL THEN RETURN false; END IF;
    -- No row may come into the default partition after those of the month have left it.
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', p_table || '_default');
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name, p_table);
    EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
                   p_table || '_default', p_column, first, p_column, next, name);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                   p_table, name, first, next);
    RETURN true;
END $$;
