-- Who may come in now is decided by one function, `entry_refusal`. Passes are withdrawn, and may let in several times.

-- Who was let in after a guard had cleared them away stands on the lists again; see VISITOR_CLEARED below.
UPDATE visitors SET hidden_at = NULL WHERE hidden_at IS NOT NULL AND status IN ('accepted', 'checked_in');

ALTER TABLE policies DROP CONSTRAINT policies_value_check;
ALTER TABLE policies ADD CONSTRAINT policies_value_check CHECK (CASE name
    WHEN 'acceptance_valid_hours' THEN value BETWEEN '1' AND '720'
    WHEN 'approval_timeout_seconds' THEN value BETWEEN '10' AND '86400'
    -- A visitor's request is open for a day at most, and kept as long as it is.
    WHEN 'event_retention_hours' THEN value BETWEEN '24' AND '720'
    WHEN 'guest_pass_max_days' THEN value BETWEEN '1' AND '365'
    WHEN 'guest_pass_max_days_ahead' THEN value BETWEEN '1' AND '365'
    WHEN 'guest_pass_default_hours' THEN value BETWEEN '1' AND '8760'
    WHEN 'resident_auto_approve' THEN value IN ('true', 'false')
    -- No shorter than events, which name visitors too.
    WHEN 'visitor_retention_days' THEN value BETWEEN '30' AND '1095'
    ELSE false END);

ALTER TABLE visitors
    -- When somebody said yes. None where the release before wrote it: then `updated_at` is that time.
    ADD COLUMN accepted_at  timestamptz,
    -- When a pass was taken back; also while its visitor is inside, who leaves and does not come in again.
    ADD COLUMN withdrawn_at timestamptz,
    -- How often it lets in, and how often it did. The release before does not count: see `entries_used`.
    ADD COLUMN max_entries  integer NOT NULL DEFAULT 1,
    ADD COLUMN entries      integer NOT NULL DEFAULT 0,
    -- Between two entries `visit_id` is the last visit. Rows that are there fit, so none is read for this.
    DROP CONSTRAINT visitors_inside_check,
    DROP CONSTRAINT visitors_left_check,
    ADD CONSTRAINT visitors_inside_check CHECK (status NOT IN ('checked_in', 'checked_out') OR visit_id IS NOT NULL) NOT VALID,
    ADD CONSTRAINT visitors_left_check CHECK (status <> 'checked_out' OR checkout_time IS NOT NULL) NOT VALID,
    ADD CONSTRAINT visitors_entries_check CHECK (max_entries BETWEEN 1 AND 100 AND entries BETWEEN 0 AND max_entries) NOT VALID;

-- How often a visitor has come in. Once at least where there is a visit, whoever counted it.
CREATE FUNCTION entries_used(v visitors) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT greatest(v.entries, (v.visit_id IS NOT NULL)::integer)
$$;

-- Why a visitor may not come in now; null where they may. With p_accepting as if a guard said yes now, where a guard may.
-- It is volatile, so that behind a lock it sees who has moved out meanwhile. `docs/architecture.md` has the same as a
-- table, and a test compares them.
CREATE FUNCTION entry_refusal(v visitors, p_accepting boolean) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_now timestamptz := clock_timestamp();
BEGIN
    IF v.status = 'checked_in' THEN
        RETURN 'WRONG_STATE';
    ELSIF v.guest_pass AND (v.withdrawn_at IS NOT NULL OR v.status = 'denied' AND v.decided_by = 'resident') THEN
        RETURN 'PASS_WITHDRAWN';
    ELSIF v.guest_pass AND v.status = 'denied' AND v.decided_by = 'guard' THEN
        RETURN 'PASS_TURNED_AWAY';
    ELSIF v.status <> 'accepted'
          AND NOT (p_accepting AND (v.status = 'pending' OR v.status = 'denied' AND v.decided_by = 'timeout')) THEN
        RETURN 'WRONG_STATE';
    ELSIF v.hidden_at IS NOT NULL THEN
        RETURN 'VISITOR_CLEARED';
    ELSIF v.guest_pass THEN
        IF v_now < v.expected_start THEN
            RETURN 'NOT_YET_VALID';
        ELSIF v_now >= v.expected_end THEN
            RETURN 'EXPIRED';
        ELSIF NOT EXISTS (SELECT FROM live_role_assignments
                           WHERE user_id = v.invited_by AND role = 'resident' AND scope_id = v.flat_id) THEN
            RETURN 'INVITER_MOVED_OUT';
        END IF;
    ELSIF v_now >= v.expected_end THEN
        RETURN 'VISIT_EXPIRED';
    ELSIF v.status = 'accepted'
          AND v_now >= coalesce(v.accepted_at, v.updated_at)
                       + make_interval(hours => policy_number(v.society_id, 'acceptance_valid_hours', 12)) THEN
        RETURN 'ACCEPTANCE_EXPIRED';
    END IF;
    RETURN NULL;
END $$;

-- The same, with what its sentence needs (shared::entry).
CREATE FUNCTION entry_verdict(v visitors, p_accepting boolean) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_code text := entry_refusal(v, p_accepting);
BEGIN
    RETURN jsonb_build_object(
               'code', v_code, 'decided_by', v.decided_by,
               'accepted_hours_ago', CASE v_code WHEN 'ACCEPTANCE_EXPIRED' THEN
                   floor(extract(epoch FROM clock_timestamp() - coalesce(v.accepted_at, v.updated_at)) / 3600)::bigint END);
END $$;

-- As before, with the entries, and with what the judge says of those whom only the gate has to let in: who was accepted,
-- and who has a pass.
CREATE OR REPLACE FUNCTION listed_visitor(v visitors) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT jsonb_build_object(
                   'id', v.id, 'visitor_name', v.visitor_name, 'phone', v.phone, 'vehicle_no', v.vehicle_no,
                   'purpose', v.purpose, 'flat_id', v.flat_id, 'status', v.status, 'expected_start', v.expected_start,
                   'expected_end', v.expected_end, 'approval_deadline', v.approval_deadline, 'created_at', v.created_at,
                   'invited_by', v.invited_by, 'flat_number', f.flat_number, 'block_name', b.name,
                   'complex_name', c.name, 'number_of_people', v.number_of_people,
                   'invited_by_name', (SELECT name FROM users WHERE users.id = v.invited_by),
                   'visit_id', CASE WHEN v.status = 'checked_in' THEN v.visit_id END,
                   'max_entries', v.max_entries, 'entries_left', v.max_entries - entries_used(v),
                   'entry', CASE WHEN v.status = 'accepted' OR v.guest_pass AND v.status = 'pending'
                                 THEN entry_verdict(v, true) END)
          FROM flats f JOIN blocks b ON b.id = f.block_id JOIN complexes c ON c.id = b.complex_id
         WHERE f.id = v.flat_id);
END $$;

-- As before, for each of the visits.
CREATE OR REPLACE FUNCTION strip_visitor(v visitors) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
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
     WHERE flat_id = v.flat_id AND visitor_id = v.id
       -- Between the first and the last one, by the index of the flat.
       AND checkin_time BETWEEN CASE WHEN v.max_entries = 1 THEN v.checkin_time ELSE v.created_at END AND v.checkin_time;
    -- Named are the parts that stay, so that a new one goes.
    UPDATE notification_logs n
       SET payload = (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(n.payload)
                       WHERE key IN ('type', 'visitor_id', 'flat_id', 'flat_number', 'block_name', 'decision', 'status',
                                     'screen', 'click_action'))
     WHERE visitor_id = v.id;
END $$;
