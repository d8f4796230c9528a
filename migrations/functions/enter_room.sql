-- Whoever writes into a room comes through here: at once where nobody holds it. Where somebody has waited for 300 ms, so that
-- the room is stuck and not busy, a second one waits for as long as a lock may take, some time behind the first, and all
-- others are refused; before that anybody waits, and for no longer. So a room that is held keeps few connections.
CREATE OR REPLACE FUNCTION enter_room(p_room text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    -- The places of the two who wait, which end with their transactions.
    v_first  constant integer := 3601;
    v_second constant integer := 3602;
    v_room   constant integer := hashtext(p_room);
    v_waited interval;
    v_limit  constant interval := current_setting('lock_timeout')::interval;
BEGIN
    PERFORM FROM room_sequences WHERE room = p_room FOR NO KEY UPDATE SKIP LOCKED;
    IF FOUND OR NOT EXISTS (SELECT FROM room_sequences WHERE room = p_room) THEN RETURN; END IF;
    -- It is waited for twice, for the place in PostgreSQL's queue and for the holder.
    IF v_limit > interval '1100 ms' THEN PERFORM set_config('lock_timeout', '1100ms', true); END IF;
    IF pg_try_advisory_xact_lock(v_first, v_room) THEN RETURN; END IF;
    SELECT max(clock_timestamp() - a.xact_start) INTO v_waited
      FROM pg_locks l, pg_stat_get_activity(l.pid) a
     WHERE l.locktype = 'advisory' AND l.classid IN (v_first, v_second) AND l.objid = v_room::oid AND l.objsubid = 2
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database());
    IF v_waited < interval '300 ms' OR v_waited IS NULL THEN
        IF v_limit > interval '300 ms' THEN PERFORM set_config('lock_timeout', '300ms', true); END IF;
    ELSIF v_waited < interval '700 ms' OR NOT pg_try_advisory_xact_lock(v_second, v_room) THEN
        RAISE lock_not_available USING MESSAGE = 'a room is held';
    END IF;
END $$;
