-- What one person may cost others: money for messages, a place in the queue to the phones, the attention of a gate.

ALTER TABLE policies DROP CONSTRAINT policies_value_check;
ALTER TABLE policies ADD CONSTRAINT policies_value_check CHECK (CASE name
    WHEN 'acceptance_valid_hours' THEN value BETWEEN '1' AND '720'
    WHEN 'approval_timeout_seconds' THEN value BETWEEN '10' AND '86400'
    -- A visitor's request is open for a day at most, and kept as long as it is.
    WHEN 'event_retention_hours' THEN value BETWEEN '24' AND '720'
    WHEN 'guards_see_resident_phones' THEN value IN ('true', 'false')
    WHEN 'guest_pass_max_days' THEN value BETWEEN '1' AND '365'
    WHEN 'guest_pass_max_days_ahead' THEN value BETWEEN '1' AND '365'
    WHEN 'guest_pass_default_hours' THEN value BETWEEN '1' AND '8760'
    WHEN 'invites_a_day' THEN value BETWEEN '1' AND '10000'
    -- Prefixes of phone numbers in E.164, such as "+91" or "+1415".
    WHEN 'message_countries' THEN jsonb_typeof(value) = 'array' AND jsonb_array_length(value) <= 50
        AND NOT value @? 'strict $[*] ? (@.type() != "string" || !(@ like_regex "^[+][1-9][0-9]{0,6}$"))'
    WHEN 'resident_auto_approve' THEN value IN ('true', 'false')
    -- No shorter than events, which name visitors too.
    WHEN 'visitor_retention_days' THEN value BETWEEN '30' AND '1095'
    ELSE false END);

-- Why a number is not sent invitations: 'expensive_number' for ranges that belong to no country (ITU-T E.164, list of
-- assigned country codes: satellites, networks, freephone, shared and premium rates), for premium rates of +1 and for
-- premium and personal numbers of +44, whoever allows what; 'country_not_allowed' where none of the prefixes fits. Null
-- where it may be sent them.
CREATE FUNCTION number_refusal(p_phone text, p_countries jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN CASE
        WHEN p_phone ~ '^[+](800|808|870|878|88[1238]|979|991|1900|4470|449)' THEN 'expensive_number'
        WHEN NOT EXISTS (SELECT FROM jsonb_array_elements_text(p_countries) c WHERE starts_with(p_phone, c)) THEN 'country_not_allowed' END;
END $$;

-- Whether a number takes WhatsApp messages: there is a user of it, and whoever has it has agreed.
CREATE FUNCTION takes_whatsapp(p_phone text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce((SELECT bool_and(coalesce(p.whatsapp, false))
                       FROM users u LEFT JOIN notification_preferences p ON p.user_id = u.id
                      WHERE u.phone = p_phone), false);
END $$;

-- Counts an invitation, for its pass by the messages themselves, for its number, its society and its user in a day of 24
-- hours that begins with the first; answers by which bound it is one too many, with the bound and the seconds until there
-- is room, or no row. Parallel ones wait for each other here, in this order, so none gets past a bound; one that is refused
-- is not counted. The caller has locked the visitor. A number is kept as a hash.
CREATE FUNCTION count_invite(p_visitor uuid, p_phone text, p_society uuid, p_user uuid, p_of_pass integer, p_of_number integer,
                             p_of_society integer, p_of_user integer)
RETURNS TABLE (what text, bound integer, reset_seconds bigint) LANGUAGE plpgsql VOLATILE ROWS 1 AS $$
DECLARE
    v_counted text[]    := ARRAY['invites:number:' || encode(sha256(convert_to(p_phone, 'UTF8')), 'hex'),
                                 'invites:society:' || p_society, 'invites:user:' || p_user];
    v_bounds  integer[] := ARRAY[p_of_number, p_of_society, p_of_user];
    v_count   request_counts;
BEGIN
    IF (SELECT count(*) FROM notification_logs
         WHERE visitor_id = p_visitor AND kind = 'invite' AND status <> 'failed') >= p_of_pass THEN
        RETURN QUERY SELECT 'pass', p_of_pass, NULL::bigint;
        RETURN;
    END IF;
    FOR i IN 1..3 LOOP
        INSERT INTO request_counts AS r (counted, window_start, hits) VALUES (v_counted[i], clock_timestamp(), 1)
        ON CONFLICT (counted) DO UPDATE
           SET hits = CASE WHEN r.window_start > clock_timestamp() - interval '24 hours' THEN r.hits + 1 ELSE 1 END,
               window_start = CASE WHEN r.window_start > clock_timestamp() - interval '24 hours' THEN r.window_start
                                   ELSE clock_timestamp() END
        RETURNING r.* INTO v_count;
        IF v_count.hits > v_bounds[i] THEN
            UPDATE request_counts SET hits = hits - 1 WHERE counted = ANY (v_counted[1:i]);
            RETURN QUERY SELECT (ARRAY['number', 'society', 'user'])[i], v_bounds[i],
                greatest(1, ceil(extract(epoch FROM v_count.window_start + interval '24 hours' - clock_timestamp())))::bigint;
            RETURN;
        END IF;
    END LOOP;
END $$;

-- As before; and nobody is sent WhatsApp messages who has taken back that they agreed.
CREATE OR REPLACE FUNCTION notification_refusal(n notification_logs) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN n.expires_at <= clock_timestamp() THEN 'expired'
        WHEN n.kind = 'visitor_request' AND v.status <> 'pending' THEN 'answered'
        WHEN n.kind = 'invite' AND v.status NOT IN ('pending', 'accepted') THEN 'answered'
        WHEN n.channel <> 'push' AND approved_template(n.kind, n.channel) IS NULL THEN 'template_not_approved'
        WHEN n.user_id IS NULL THEN CASE WHEN n.channel = 'whatsapp' AND NOT takes_whatsapp(v.phone) THEN 'turned_off' END
        WHEN n.channel = 'push' AND NOT EXISTS (
                 SELECT FROM devices d
                  WHERE d.id = n.device_id AND d.user_id = n.user_id AND d.is_active AND d.token IS NOT NULL) THEN 'device_gone'
        WHEN n.channel <> 'push' AND u.phone IS NULL THEN 'no_phone'
        WHEN NOT n.user_id = ANY (room_users(n.room)) THEN 'not_entitled'
        WHEN n.kind = 'emergency_alert' THEN NULL
        WHEN NOT CASE n.channel WHEN 'push' THEN coalesce(p.push, true) WHEN 'sms' THEN coalesce(p.sms, true)
                                ELSE coalesce(p.whatsapp, false) END THEN 'turned_off'
        WHEN is_quiet(n.user_id) THEN 'quiet_hours' END
      FROM (SELECT) one
      LEFT JOIN visitors v ON v.id = n.visitor_id
      LEFT JOIN users u ON u.id = n.user_id
      LEFT JOIN notification_preferences p ON p.user_id = n.user_id
$$;

-- In whose name a message is queued: it waits for others of the same flat, not for those of the neighbours.
ALTER TABLE notification_logs
    ADD COLUMN society_id uuid,
    -- None where the message concerns no flat.
    ADD COLUMN flat_id    uuid;

-- Notes it where whoever queues a message did not.
CREATE FUNCTION place_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.visitor_id IS NOT NULL THEN
        SELECT v.society_id, v.flat_id INTO NEW.society_id, NEW.flat_id FROM visitors v WHERE v.id = NEW.visitor_id;
    ELSIF starts_with(NEW.room, 'flat:') THEN
        SELECT p.society_id, p.flat_id INTO NEW.society_id, NEW.flat_id
          FROM places p WHERE p.flat_id = split_part(NEW.room, ':', 2)::uuid;
    ELSE
        NEW.society_id := split_part(NEW.room, ':', 2)::uuid;
        NEW.flat_id := (NEW.payload ->> 'flat_id')::uuid;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER notification_logs_place BEFORE INSERT ON notification_logs
    FOR EACH ROW WHEN (NEW.society_id IS NULL) EXECUTE FUNCTION place_message();

-- As before, and with the place.
CREATE OR REPLACE FUNCTION queue_pushes(p_id uuid, p_room text, p_event text, p_data jsonb, p_actor uuid) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_users   uuid[] := array_remove(push_users(p_room, p_event), p_actor);
    v_visitor visitors;
    v_queued  bigint;
BEGIN
    IF v_users = '{}' THEN RETURN 0; END IF;
    SELECT * INTO v_visitor FROM visitors WHERE id = (p_data ->> 'visitor_id')::uuid;
    INSERT INTO notification_logs (user_id, visitor_id, society_id, flat_id, device_id, channel, kind, room, dedupe_key,
                                   expires_at, payload)
    SELECT d.user_id, (p_data ->> 'visitor_id')::uuid, v_visitor.society_id, v_visitor.flat_id, d.id, 'push', p_event, p_room,
           p_id || ':' || d.id,
           coalesce((p_data ->> 'approval_deadline')::timestamptz, clock_timestamp() + interval '1 hour'),
           jsonb_strip_nulls(jsonb_build_object(
               'type', p_event, 'visitor_id', p_data -> 'visitor_id', 'visitor_name', p_data -> 'visitor_name',
               'purpose', coalesce(p_data ->> 'purpose', v_visitor.purpose),
               'flat_id', coalesce(p_data ->> 'flat_id', v_visitor.flat_id::text,
                                   CASE WHEN starts_with(p_room, 'flat:') THEN split_part(p_room, ':', 2) END),
               'flat_number', p_data -> 'flat_number', 'block_name', p_data -> 'block_name',
               'emergency_id', p_data -> 'emergency_id', 'decision', p_data -> 'decision', 'status', p_data -> 'status',
               'screen', CASE WHEN p_event = 'visitor_request' THEN 'visitor_approvals'
                              WHEN p_event = 'resident_joined' THEN 'my_flats'
                              WHEN starts_with(p_event, 'emergency') THEN 'emergencies' ELSE 'visitor_details' END,
               'click_action', 'FLUTTER_NOTIFICATION_CLICK'))
      FROM devices d WHERE d.user_id = ANY (v_users) AND d.is_active AND d.token IS NOT NULL;
    GET DIAGNOSTICS v_queued = ROW_COUNT;
    RETURN v_queued;
END $$;

-- The queue in three parts, none of which holds what is done: emergencies; what was tried before, by when it is tried
-- again; and what was never tried, which is due at once, by society, flat and age. Hashes, so that a random number lies
-- before any of them as often as before any other. Nothing reads the queue by its age alone any more.
CREATE INDEX notification_logs_urgent_idx ON notification_logs (due_at) WHERE status = 'queued' AND kind = 'emergency_alert';
CREATE INDEX notification_logs_again_idx ON notification_logs (due_at)
    WHERE status = 'queued' AND attempts > 0 AND kind <> 'emergency_alert';
CREATE INDEX notification_logs_turn_idx
    ON notification_logs ((coalesce(uuid_hash(society_id), 0)), (coalesce(uuid_hash(flat_id), 0)), due_at)
    WHERE status = 'queued' AND attempts = 0 AND kind <> 'emergency_alert';
DROP INDEX notification_logs_due_idx;

-- The societies, or with p_society the flats of one, that have messages which were never tried: as many as are asked for,
-- each by its hash, from a random one on. Each costs one descent of the index, however many messages it has.
CREATE FUNCTION queued_turns(p_society integer, p_limit integer) RETURNS integer[] LANGUAGE plpgsql VOLATILE
-- With the statistics of an empty queue the planner would read and sort all of it.
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    v_start integer := (random() * 4294967295 - 2147483648)::bigint::integer;
    v_last  bigint  := v_start::bigint - 1;
    v_next  integer;
    v_found integer[] := '{}';
    v_again boolean := false;
BEGIN
    WHILE cardinality(v_found) < p_limit LOOP
        IF p_society IS NULL THEN
            SELECT coalesce(uuid_hash(n.society_id), 0) INTO v_next FROM notification_logs n
             WHERE n.status = 'queued' AND n.attempts = 0 AND n.kind <> 'emergency_alert'
               AND coalesce(uuid_hash(n.society_id), 0) > v_last
             ORDER BY coalesce(uuid_hash(n.society_id), 0) LIMIT 1;
        ELSE
            SELECT coalesce(uuid_hash(n.flat_id), 0) INTO v_next FROM notification_logs n
             WHERE n.status = 'queued' AND n.attempts = 0 AND n.kind <> 'emergency_alert'
               AND coalesce(uuid_hash(n.society_id), 0) = p_society AND coalesce(uuid_hash(n.flat_id), 0) > v_last
             ORDER BY coalesce(uuid_hash(n.flat_id), 0) LIMIT 1;
        END IF;
        IF v_next IS NULL THEN
            EXIT WHEN v_again;
            v_again := true;
            v_last := -2147483649;
        ELSE
            EXIT WHEN v_again AND v_next >= v_start;
            v_found := v_found || v_next;
            v_last := v_next;
        END IF;
    END LOOP;
    RETURN v_found;
END $$;

-- As before, and fair: emergencies first; then, of what is left, a quarter for what is tried again, and the rest for
-- societies in turn, within each for its flats in turn, the oldest first. What one of them does not need goes to the
-- others. The cost grows with what is asked for, never with what waits.
CREATE OR REPLACE FUNCTION claim_notifications(p_limit integer) RETURNS SETOF jsonb LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    v_now       timestamptz := clock_timestamp();
    v_ids       uuid[] := ARRAY(
        SELECT n.id FROM notification_logs n
         WHERE n.status = 'queued' AND n.kind = 'emergency_alert' AND n.due_at <= v_now
         ORDER BY n.due_at LIMIT p_limit FOR UPDATE SKIP LOCKED);
    v_left      integer := p_limit - cardinality(v_ids);
    v_societies integer[];
    v_flats     integer[];
    v_society   integer;
    v_flat      integer;
    v_some      uuid[];
    claimed     notification_logs;
BEGIN
    FOR round IN 1..2 LOOP
        EXIT WHEN v_left <= 0;
        v_some := ARRAY(
            SELECT n.id FROM notification_logs n
             WHERE n.status = 'queued' AND n.attempts > 0 AND n.kind <> 'emergency_alert' AND n.due_at <= v_now
               AND n.id <> ALL (v_ids)
             ORDER BY n.due_at LIMIT CASE round WHEN 1 THEN (v_left + 3) / 4 ELSE v_left END FOR UPDATE SKIP LOCKED);
        v_ids := v_ids || v_some;
        v_left := v_left - cardinality(v_some);
        IF round = 1 THEN v_societies := queued_turns(NULL, v_left); END IF;
        FOREACH v_society IN ARRAY v_societies LOOP
            EXIT WHEN v_left <= 0;
            v_flats := queued_turns(v_society, greatest(1, p_limit / cardinality(v_societies)));
            FOREACH v_flat IN ARRAY v_flats LOOP
                EXIT WHEN v_left <= 0;
                v_some := ARRAY(
                    SELECT n.id FROM notification_logs n
                     WHERE n.status = 'queued' AND n.attempts = 0 AND n.kind <> 'emergency_alert' AND n.due_at <= v_now
                       AND coalesce(uuid_hash(n.society_id), 0) = v_society AND coalesce(uuid_hash(n.flat_id), 0) = v_flat
                       AND n.id <> ALL (v_ids)
                     ORDER BY n.due_at
                     LIMIT CASE round WHEN 1 THEN greatest(1, p_limit / cardinality(v_societies) / cardinality(v_flats)) ELSE v_left END
                       FOR UPDATE SKIP LOCKED);
                v_ids := v_ids || v_some;
                v_left := v_left - cardinality(v_some);
            END LOOP;
        END LOOP;
    END LOOP;
    FOR claimed IN
        UPDATE notification_logs n SET attempts = n.attempts + 1, due_at = clock_timestamp() + send_lease()
         WHERE n.id = ANY (v_ids) RETURNING n.*
    LOOP
        RETURN NEXT (
            SELECT jsonb_build_object(
                       'id', claimed.id, 'attempt', claimed.attempts, 'channel', claimed.channel, 'kind', claimed.kind,
                       'payload', claimed.payload, 'user_id', claimed.user_id,
                       'expires_seconds', extract(epoch FROM claimed.expires_at - clock_timestamp()),
                       'refusal', notification_refusal(claimed),
                       'address', CASE WHEN claimed.channel = 'push' THEN d.token
                                       WHEN claimed.user_id IS NULL THEN v.phone ELSE u.phone END,
                       'template', CASE WHEN claimed.channel <> 'push'
                                        THEN to_jsonb(approved_template(claimed.kind, claimed.channel)) END,
                       'visitor', CASE WHEN claimed.channel <> 'push' THEN jsonb_build_object(
                           'id', v.id, 'flat_id', v.flat_id, 'deadline', extract(epoch FROM v.approval_deadline)::bigint,
                           'visitor_name', v.visitor_name, 'access_code', v.access_code,
                           'flat_number', pl.flat_number, 'society_name', pl.society_name) END)
              FROM (SELECT) one
              LEFT JOIN devices d ON d.id = claimed.device_id
              LEFT JOIN users u ON u.id = claimed.user_id
              LEFT JOIN visitors v ON v.id = claimed.visitor_id
              LEFT JOIN places pl ON pl.flat_id = v.flat_id);
    END LOOP;
END $$;

-- When guards were last told how far the question about a visitor has come, and when they are to be told what has
-- happened since; null where nothing has. A row says nothing after a second, and is removed by `tell_due_delivery`.
CREATE TABLE delivery_tellings (
    visitor_id uuid PRIMARY KEY,
    told_at    timestamptz NOT NULL,
    due_at     timestamptz
) WITH (fillfactor = 70);
CREATE INDEX delivery_tellings_due_idx ON delivery_tellings (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX delivery_tellings_age_idx ON delivery_tellings (told_at) WHERE due_at IS NULL;

-- Tells how far the questions about these visitors have come; answers the events. Societies in order, so that no two
-- statements wait for each other. A society whose room is held keeps no other waiting: its news are put off.
CREATE FUNCTION emit_delivery(p_visitors uuid[]) RETURNS jsonb LANGUAGE plpgsql VOLATILE SET lock_timeout = '100ms' AS $$
DECLARE
    v        visitors;
    v_held   uuid;
    v_events jsonb := '[]';
BEGIN
    FOR v IN SELECT * FROM visitors WHERE id = ANY (p_visitors) ORDER BY society_id, id LOOP
        BEGIN
            IF v.society_id = v_held THEN RAISE lock_not_available; END IF;
            v_events := v_events || emit('society:' || v.society_id, 'delivery_updated',
                jsonb_build_object('visitor_id', v.id, 'delivery', delivery_of(v.id)));
        EXCEPTION WHEN lock_not_available THEN
            v_held := v.society_id;
            UPDATE delivery_tellings SET due_at = clock_timestamp() + interval '1 second' WHERE visitor_id = v.id;
        END;
    END LOOP;
    RETURN v_events;
END $$;

-- As before, but once a second for a visitor at most: what comes sooner is put off until then, and told by
-- `tell_due_delivery`. All rows come before all rooms, so that no two statements wait for each other.
CREATE OR REPLACE FUNCTION tell_delivery(p_visitors uuid[]) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_visitors uuid[];
BEGIN
    WITH noted AS (
        INSERT INTO delivery_tellings AS t (visitor_id, told_at)
        SELECT DISTINCT id, clock_timestamp() FROM unnest(p_visitors) AS id WHERE id IS NOT NULL ORDER BY id
        ON CONFLICT (visitor_id) DO UPDATE
           SET due_at = CASE WHEN t.told_at > clock_timestamp() - interval '1 second' THEN t.told_at + interval '1 second' END,
               told_at = CASE WHEN t.told_at > clock_timestamp() - interval '1 second' THEN t.told_at ELSE clock_timestamp() END
        RETURNING visitor_id, due_at)
    SELECT array_agg(visitor_id) INTO v_visitors FROM noted WHERE due_at IS NULL;
    RETURN emit_delivery(v_visitors);
END $$;

-- Whether news about a visitor were put off.
CREATE FUNCTION delivery_waits(p_visitor uuid) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM delivery_tellings WHERE visitor_id = p_visitor AND due_at IS NOT NULL);
END $$;

-- Tells what was put off and is due; answers the events, and the seconds until the next is due.
CREATE FUNCTION tell_due_delivery(p_limit integer) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_visitors uuid[] := ARRAY(
        SELECT visitor_id FROM delivery_tellings WHERE due_at <= clock_timestamp()
         ORDER BY due_at LIMIT p_limit FOR UPDATE SKIP LOCKED);
    v_events   jsonb;
BEGIN
    UPDATE delivery_tellings SET told_at = clock_timestamp(), due_at = NULL WHERE visitor_id = ANY (v_visitors);
    DELETE FROM delivery_tellings WHERE visitor_id IN (
        SELECT visitor_id FROM delivery_tellings WHERE due_at IS NULL AND told_at < clock_timestamp() - interval '1 minute'
         ORDER BY told_at LIMIT p_limit FOR UPDATE SKIP LOCKED);
    v_events := emit_delivery(v_visitors);
    RETURN jsonb_build_object('events', v_events, 'wait_seconds', (
        -- One that is due still is another's at the moment.
        SELECT greatest(0.1, extract(epoch FROM due_at - clock_timestamp())) FROM delivery_tellings
         WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1));
END $$;

-- Open emergencies of a flat.
ALTER TABLE emergencies
    -- When guards were last alerted; none where that was once, when it was reported.
    ADD COLUMN alerted_at timestamptz;
CREATE INDEX emergencies_open_idx ON emergencies (flat_id, created_at DESC) WHERE status <> 'resolved';

-- The open emergency that a further report of a flat belongs to, locked: the newest one, rather one that nobody attends to
-- yet; null where the flat has fewer than p_most. The count of a flat's reports makes them come one after the other; the
-- flat's room is no place for that, since a guard's step locks it after the emergency.
CREATE FUNCTION emergency_to_join(p_flat uuid, p_most integer) RETURNS emergencies LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    found emergencies;
BEGIN
    INSERT INTO request_counts AS r (counted, window_start, hits) VALUES ('emergencies:' || p_flat, clock_timestamp(), 1)
    ON CONFLICT (counted) DO UPDATE SET hits = r.hits + 1, window_start = excluded.window_start;
    IF (SELECT count(*) FROM emergencies WHERE flat_id = p_flat AND status <> 'resolved') >= p_most THEN
        SELECT * INTO found FROM emergencies WHERE flat_id = p_flat AND status <> 'resolved'
         ORDER BY status = 'pending' DESC, created_at DESC, id DESC LIMIT 1 FOR NO KEY UPDATE;
    END IF;
    RETURN found;
END $$;

-- Tells of several emergencies that are resolved: [{id, flat_id, society_id}]. The flats' rooms come first, in order, so
-- that no two statements wait for each other.
CREATE FUNCTION tell_resolved(p_emergencies jsonb, p_actor uuid) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_room      text;
    v_emergency uuid;
    v_events    jsonb := '[]';
BEGIN
    FOR v_room, v_emergency IN
        SELECT r.room, e.id FROM jsonb_to_recordset(p_emergencies) AS e (id uuid, flat_id uuid, society_id uuid),
               unnest(ARRAY['flat:' || e.flat_id, 'society:' || e.society_id]) AS r (room)
         ORDER BY r.room COLLATE "C", e.id
    LOOP
        v_events := v_events || emit(v_room, 'emergency_updated', jsonb_build_object(
            'emergency_id', v_emergency, 'status', 'resolved', 'resolved_at', rfc3339(now())), p_actor);
    END LOOP;
    RETURN v_events;
END $$;

-- As before, and 'too_many' where three requests of the user wait for an answer.
CREATE OR REPLACE FUNCTION request_in_the_way(p_user uuid, p_flat uuid) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM FROM users WHERE id = p_user FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM live_role_assignments
                WHERE user_id = p_user AND role = 'resident' AND scope_id = p_flat) THEN
        RETURN 'resident';
    END IF;
    RETURN coalesce(
        (SELECT status FROM resident_requests
          WHERE requesting_user_id = p_user AND flat_id = p_flat AND status = 'pending'),
        CASE WHEN (SELECT count(*) FROM resident_requests WHERE requesting_user_id = p_user AND status = 'pending') >= 3
             THEN 'too_many' END);
END $$;
