-- Whoever writes into a room comes through here: at once where nobody holds it. Where the same transaction has held it for
-- 300 ms, so that the room is stuck and not busy, one waits for as long as a lock may take, a second some time behind them,
-- and all others are refused; before that anybody waits. So a room that is held keeps few connections.
CREATE OR REPLACE FUNCTION enter_room(p_room text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    -- The places of the two who wait for one holder, which end with their transactions.
    v_first  constant integer := 3601;
    v_second constant integer := 3602;
    v_usual  constant text := current_setting('lock_timeout');
    v_limit  constant interval := v_usual::interval;
    v_holder xid;
    v_place  integer;
    v_waited interval;
BEGIN
    PERFORM FROM room_sequences WHERE room = p_room FOR NO KEY UPDATE SKIP LOCKED;
    IF FOUND THEN RETURN; END IF;
    SELECT xmax INTO v_holder FROM room_sequences WHERE room = p_room;
    IF NOT FOUND THEN RETURN; END IF;
    v_place := hashtext(p_room || v_holder::text);
    -- It is waited for twice, for the place in PostgreSQL's queue and for the holder.
    IF v_limit > interval '1100 ms' THEN PERFORM set_config('lock_timeout', '1100ms', true); END IF;
    IF pg_try_advisory_xact_lock(v_first, v_place) THEN RETURN; END IF;
    SELECT max(clock_timestamp() - a.xact_start) INTO v_waited
      FROM pg_locks l, pg_stat_get_activity(l.pid) a
     WHERE l.locktype = 'advisory' AND l.classid IN (v_first, v_second) AND l.objid = v_place::oid AND l.objsubid = 2
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database());
    IF v_waited >= interval '300 ms' THEN
        IF v_waited >= interval '700 ms' AND pg_try_advisory_xact_lock(v_second, v_place) THEN RETURN; END IF;
        RAISE lock_not_available USING MESSAGE = 'a room is held';
    END IF;
    IF v_limit = interval '0' OR v_limit > interval '300 ms' THEN PERFORM set_config('lock_timeout', '300ms', true); END IF;
    BEGIN
        PERFORM FROM room_sequences WHERE room = p_room FOR NO KEY UPDATE;
    EXCEPTION WHEN lock_not_available THEN
        IF EXISTS (SELECT FROM room_sequences WHERE room = p_room AND xmax = v_holder) THEN RAISE; END IF;
    END;
    -- It moves: whoever comes is served in turn.
    PERFORM set_config('lock_timeout', CASE WHEN v_limit > interval '1100 ms' THEN '1100ms' ELSE v_usual END, true);
END $$;
