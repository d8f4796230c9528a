-- Lets a transaction into a room, which is its own until it ends: at once where nobody holds it, else behind the holder, where
-- two may wait, and three in all rooms of a society. Who finds these places taken is refused: with 53R01 while the room is
-- busy, so that the same statement is tried again, outside (shared/src/db.rs); with lock_not_available once somebody has
-- waited for it for 300 ms.
CREATE OR REPLACE FUNCTION enter_room(p_room text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    -- Advisory locks of the transaction: who makes the room, the places behind its holder, and those of the society.
    v_maker   constant integer := 3600;
    v_behind  constant integer[] := '{3601,3602}';
    v_waiting constant integer[] := '{3603,3604,3605}';
    v_room    constant integer := hashtext(p_room);
    v_usual   constant text := current_setting('lock_timeout');
    v_limit   constant interval := v_usual::interval;
    v_society integer;
    v_wait    interval;
BEGIN
    PERFORM FROM room_sequences WHERE room = p_room FOR NO KEY UPDATE SKIP LOCKED;
    IF FOUND THEN RETURN; END IF;
    IF NOT EXISTS (SELECT FROM room_sequences WHERE room = p_room) THEN
        IF NOT pg_try_advisory_xact_lock(v_maker, v_room) THEN PERFORM refuse_for_now('a room is made'); END IF;
        IF NOT EXISTS (SELECT FROM room_sequences WHERE room = p_room) THEN RETURN; END IF;
    END IF;
    IF NOT pg_try_advisory_xact_lock(v_behind[1], v_room) THEN
        IF EXISTS (
            WITH l AS MATERIALIZED (SELECT * FROM pg_locks)
            SELECT FROM l AS place JOIN l AS waits ON waits.pid = place.pid AND NOT waits.granted
             WHERE place.locktype = 'advisory' AND place.classid::bigint = ANY (v_behind) AND place.objid = v_room::oid
               AND place.objsubid = 2 AND place.database = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND waits.waitstart <= clock_timestamp() - interval '300 ms') THEN
            RAISE lock_not_available USING MESSAGE = 'a room is held';
        END IF;
        IF NOT pg_try_advisory_xact_lock(v_behind[2], v_room) THEN PERFORM refuse_for_now('a room is busy'); END IF;
    END IF;
    -- Who waits may have another room already, which others wait for: so all rooms of a society count.
    v_society := hashtext(room_society(p_room)::text);
    IF NOT (pg_try_advisory_xact_lock(v_waiting[1], v_society) OR pg_try_advisory_xact_lock(v_waiting[2], v_society)
            OR pg_try_advisory_xact_lock(v_waiting[3], v_society)) THEN
        PERFORM refuse_for_now('a society is busy');
    END IF;
    -- It is waited for twice, for the place in PostgreSQL's queue and for the holder; with all rooms of the transaction for
    -- 1.2 s together.
    v_wait := greatest((interval '1200 ms' - (clock_timestamp() - now())) / 2, interval '100 ms');
    IF v_limit = interval '0' OR v_limit > v_wait THEN
        PERFORM set_config('lock_timeout', ceil(extract(epoch FROM v_wait) * 1000)::integer || 'ms', true);
    END IF;
    PERFORM FROM room_sequences WHERE room = p_room FOR NO KEY UPDATE;
    PERFORM set_config('lock_timeout', v_usual, true);
END $$;
