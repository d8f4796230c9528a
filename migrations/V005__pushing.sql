-- How far each room's events have been pushed, and who is pushing them. One pusher at a time holds a
-- room, so its events go out in their order; whoever writes an event into a room that is up to date
-- and free takes it in the same row that gives the number.
ALTER TABLE room_sequences
    -- The last event that was pushed, or given up; later ones are still to be pushed.
    ADD COLUMN pushed       bigint NOT NULL DEFAULT 0,
    ADD COLUMN pusher       uuid,
    ADD COLUMN pusher_until timestamptz,
    -- Pushes of the next events that failed, and when they may be tried again.
    ADD COLUMN attempts     integer NOT NULL DEFAULT 0,
    ADD COLUMN due_at       timestamptz NOT NULL DEFAULT '-infinity';
UPDATE room_sequences r
   SET pushed = coalesce((SELECT min(o.seq) - 1 FROM outbox o WHERE o.room = r.room AND o.pushed_at IS NULL), r.seq);
ALTER TABLE room_sequences ADD CONSTRAINT room_sequences_pushed_check CHECK (pushed BETWEEN 0 AND seq);
CREATE INDEX room_sequences_behind_idx ON room_sequences (due_at) WHERE pushed < seq;

ALTER TABLE outbox
    DROP COLUMN pushed_at,
    -- Set where pushing was given up; whoever joins with `since` still gets it.
    ADD COLUMN dead_at timestamptz;
CREATE INDEX outbox_age_idx ON outbox (created_at);
-- What is still open in a room is found by the event that opened it.
CREATE INDEX outbox_opening_idx ON outbox (room, event) WHERE event IN ('visitor_request', 'emergency_alert');

-- Connections that did not take an event that the others of their room have. The room goes on
-- without them, and they are sent what they lack, in order, by the dispatcher.
CREATE TABLE lagging_connections (
    room          text NOT NULL,
    connection_id text NOT NULL,
    -- Milliseconds since 1970; with the id it names one connection.
    connected_at  bigint NOT NULL,
    -- The last event it has.
    since         bigint NOT NULL,
    attempts      integer NOT NULL DEFAULT 0,
    due_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (room, connection_id)
);
CREATE INDEX lagging_connections_due_idx ON lagging_connections (due_at);

-- Who has a role reaches whom: the users of a room by the place they belong to.
CREATE INDEX role_assignments_reach_idx ON role_assignments (scope_id, role) WHERE revoked_at IS NULL;

-- How long a pusher may be silent before another takes its room. Longer than a push may take.
CREATE FUNCTION push_lease() RETURNS interval LANGUAGE sql IMMUTABLE AS $$ SELECT interval '5 seconds' $$;

-- The pause after so many failures: doubled each time, at most five minutes, and not for all alike.
CREATE FUNCTION push_backoff(p_attempts integer) RETURNS interval LANGUAGE sql VOLATILE AS $$
    SELECT least(300, power(2, least(p_attempts, 20) - 1)) * (0.5 + random() / 2) * interval '1 second'
$$;

-- Users who belong into a room now; joining asks the same question for one of them.
CREATE FUNCTION room_users(p_room text) RETURNS uuid[] LANGUAGE sql STABLE AS $$
    SELECT ARRAY(
        SELECT user_id FROM live_role_assignments
         WHERE scope_id = split_part(p_room, ':', 2)::uuid
           AND role = ANY (CASE split_part(p_room, ':', 1)
                           WHEN 'flat' THEN '{resident}' WHEN 'society' THEN '{guard,society_admin}' END::text[])
        UNION
        SELECT user_id FROM live_role_assignments
         WHERE role = 'super_admin' AND scope_id IS NULL AND starts_with(p_room, 'society:'))
$$;

-- Connections that the pusher of a room leaves to the dispatcher.
CREATE FUNCTION lagging_in(p_room text) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT ARRAY(SELECT connection_id FROM lagging_connections WHERE room = p_room)
$$;

-- An event as it is pushed.
CREATE FUNCTION event_frame(o outbox) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('id', o.id, 'room', o.room, 'seq', o.seq, 'event', o.event, 'data', o.data)
$$;

-- Writes an event into a room and returns it as it is pushed, with whose turn the push is:
-- 'mine' where the room was up to date and free, under the event's id; 'theirs' where a pusher is at
-- it, who will find this event too; 'behind' where the room waits for the dispatcher. A statement that
-- writes into two rooms names the flat's first, so that no two statements wait for each other.
CREATE OR REPLACE FUNCTION emit(p_room text, p_event text, p_data jsonb) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_id   uuid := uuid_v7();
    v_seq  bigint;
    v_turn text;
BEGIN
    INSERT INTO room_sequences AS r (room, seq, pusher, pusher_until)
    VALUES (p_room, 1, v_id, clock_timestamp() + push_lease())
    ON CONFLICT (room) DO UPDATE
       SET seq = r.seq + 1,
           pusher = CASE WHEN r.pushed = r.seq THEN excluded.pusher ELSE r.pusher END,
           pusher_until = CASE WHEN r.pushed = r.seq THEN excluded.pusher_until ELSE r.pusher_until END
    RETURNING r.seq, CASE WHEN r.pusher = v_id THEN 'mine'
                          WHEN r.pusher_until > clock_timestamp() THEN 'theirs'
                          ELSE 'behind' END
      INTO v_seq, v_turn;
    INSERT INTO outbox (id, room, seq, event, data) VALUES (v_id, p_room, v_seq, p_event, p_data);
    RETURN jsonb_build_object('id', v_id, 'room', p_room, 'seq', v_seq, 'event', p_event, 'data', p_data,
                              'turn', v_turn, 'users', room_users(p_room), 'lagging', lagging_in(p_room));
END $$;

-- The next events of a room for the pusher that holds it. It sees whatever was committed before now.
CREATE FUNCTION push_batch(p_room text) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
    SELECT jsonb_build_object(
               'room', r.room, 'pusher', r.pusher, 'users', room_users(r.room), 'lagging', lagging_in(r.room),
               'events', coalesce((
                   SELECT jsonb_agg(event_frame(o) ORDER BY o.seq)
                     FROM (SELECT * FROM outbox WHERE outbox.room = r.room AND outbox.seq > r.pushed
                            ORDER BY outbox.seq LIMIT 100) o), '[]'))
      FROM room_sequences r WHERE r.room = p_room
$$;

-- Notes what came of a push, where its pusher still holds the room: how far it came (`upto`), and which
-- connections lag behind. With `keep` the pusher goes on: the answer is its next batch, or nothing where the
-- room is up to date; without, the room is free, and the answer tells whether it is still behind.
CREATE FUNCTION settle_push(p_room text, p_pusher uuid, p_upto bigint, p_lagging jsonb, p_keep boolean)
RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    has_more boolean;
BEGIN
    UPDATE room_sequences r
       SET pushed = greatest(pushed, p_upto), attempts = 0, due_at = '-infinity',
           pusher = CASE WHEN p_keep AND r.seq > p_upto THEN r.pusher END,
           pusher_until = CASE WHEN p_keep AND r.seq > p_upto THEN clock_timestamp() + push_lease() END
     WHERE r.room = p_room AND r.pusher = p_pusher
    RETURNING r.seq > p_upto INTO has_more;
    IF has_more IS NULL THEN RETURN NULL; END IF;
    INSERT INTO lagging_connections (room, connection_id, connected_at, since)
    SELECT p_room, l.connection_id, l.connected_at, l.since
      FROM jsonb_to_recordset(p_lagging) AS l (connection_id text, connected_at bigint, since bigint)
        ON CONFLICT DO NOTHING;
    IF NOT has_more THEN RETURN NULL; END IF;
    IF p_keep THEN RETURN jsonb_build_object('next', push_batch(p_room)); END IF;
    RETURN jsonb_build_object('behind', true);
END $$;

-- Frees a room that could not be pushed to at all. After p_max failures its events are given up;
-- answers how many.
CREATE FUNCTION fail_push(p_room text, p_pusher uuid, p_max integer) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    failed room_sequences;
    dead   bigint := 0;
BEGIN
    UPDATE room_sequences r
       SET attempts = r.attempts + 1, due_at = clock_timestamp() + push_backoff(r.attempts + 1),
           pusher = NULL, pusher_until = NULL
     WHERE r.room = p_room AND r.pusher = p_pusher RETURNING r.* INTO failed;
    IF failed.attempts >= p_max THEN
        UPDATE outbox SET dead_at = clock_timestamp()
         WHERE room = p_room AND seq > failed.pushed AND seq <= failed.seq;
        GET DIAGNOSTICS dead = ROW_COUNT;
        UPDATE room_sequences SET pushed = failed.seq, attempts = 0, due_at = '-infinity' WHERE room = p_room;
    END IF;
    RETURN dead;
END $$;

-- Rooms that wait for a push and that nobody holds; they are the caller's now. One answer for each.
CREATE FUNCTION claim_rooms(p_limit integer) RETURNS SETOF jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    claimed text;
BEGIN
    FOR claimed IN
        SELECT room FROM room_sequences
         WHERE pushed < seq AND due_at <= clock_timestamp() AND coalesce(pusher_until, '-infinity') < clock_timestamp()
         ORDER BY due_at LIMIT p_limit FOR UPDATE SKIP LOCKED
    LOOP
        UPDATE room_sequences SET pusher = gen_random_uuid(), pusher_until = clock_timestamp() + push_lease()
         WHERE room = claimed;
        RETURN NEXT push_batch(claimed);
    END LOOP;
END $$;

-- What a lagging connection lacks, and who may be sent it.
CREATE FUNCTION lagging_batch(l lagging_connections) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
    SELECT jsonb_build_object(
               'room', l.room, 'connection_id', l.connection_id, 'connected_at', l.connected_at, 'since', l.since,
               'attempts', l.attempts, 'users', room_users(l.room),
               'events', coalesce((
                   SELECT jsonb_agg(event_frame(o) ORDER BY o.seq)
                     FROM (SELECT * FROM outbox WHERE outbox.room = l.room AND outbox.seq > l.since
                            ORDER BY outbox.seq LIMIT 100) o), '[]'))
$$;

-- Lagging connections that are due. Each is the caller's for the length of a lease.
CREATE FUNCTION claim_lagging(p_limit integer) RETURNS SETOF jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    claimed lagging_connections;
BEGIN
    FOR claimed IN
        SELECT * FROM lagging_connections WHERE due_at <= clock_timestamp()
         ORDER BY due_at LIMIT p_limit FOR UPDATE SKIP LOCKED
    LOOP
        UPDATE lagging_connections l
           SET attempts = l.attempts + 1, due_at = clock_timestamp() + push_lease()
         WHERE l.room = claimed.room AND l.connection_id = claimed.connection_id RETURNING l.* INTO claimed;
        RETURN NEXT lagging_batch(claimed);
    END LOOP;
END $$;

-- Notes how far a lagging connection has come. Where it has everything it lags no more, and the room's
-- pusher serves it again: the room's row is locked, so no event can be numbered in between. Otherwise
-- the answer is what it lacks now.
CREATE FUNCTION advance_lagging(p_room text, p_connection text, p_since bigint) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    latest  bigint;
    lagging lagging_connections;
BEGIN
    SELECT seq INTO latest FROM room_sequences WHERE room = p_room FOR UPDATE;
    IF latest <= p_since THEN
        DELETE FROM lagging_connections WHERE room = p_room AND connection_id = p_connection;
        RETURN NULL;
    END IF;
    UPDATE lagging_connections SET since = p_since, attempts = 1, due_at = clock_timestamp() + push_lease()
     WHERE room = p_room AND connection_id = p_connection RETURNING * INTO lagging;
    IF NOT FOUND THEN RETURN NULL; END IF;
    RETURN lagging_batch(lagging);
END $$;
