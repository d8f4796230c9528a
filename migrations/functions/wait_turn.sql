-- What the one that waits has to know: what is due, and the seconds until more is. Null where nothing falls due in the
-- p_left seconds that the caller has, or another one waits. p_asked is the time after which the caller wants somebody to
-- look, for anybody who waits.
CREATE OR REPLACE FUNCTION wait_turn(p_holder uuid, p_asked float8, p_left float8) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_asked timestamptz := clock_timestamp() + make_interval(secs => p_asked);
    v_work  jsonb := due_work(p_left);
    v_wait  dispatcher_turns;
BEGIN
    IF p_asked IS NOT NULL THEN
        UPDATE dispatcher_turns SET due_at = v_asked WHERE work = 'wait' AND due_at > v_asked;
    END IF;
    SELECT * INTO v_wait FROM dispatcher_turns WHERE work = 'wait';
    IF v_wait.until > clock_timestamp() AND v_wait.holder <> p_holder THEN RETURN NULL; END IF;
    IF v_work ->> 'seconds' IS NULL AND v_wait.due_at >= clock_timestamp() + make_interval(secs => p_left) THEN
        UPDATE dispatcher_turns SET until = '-infinity' WHERE work = 'wait' AND holder = p_holder AND until > '-infinity';
        RETURN NULL;
    END IF;
    UPDATE dispatcher_turns
       SET holder = p_holder, until = clock_timestamp() + interval '5 seconds',
           due_at = CASE WHEN due_at <= clock_timestamp() THEN 'infinity' ELSE due_at END
     WHERE work = 'wait' AND (holder = p_holder OR until <= clock_timestamp());
    IF NOT FOUND THEN RETURN NULL; END IF;
    IF v_wait.due_at <= clock_timestamp() THEN
        RETURN v_work || '{"push": true, "send": true}';
    END IF;
    RETURN v_work || jsonb_build_object('seconds', least(
        (v_work ->> 'seconds')::float8,
        CASE WHEN v_wait.due_at < 'infinity' THEN extract(epoch FROM v_wait.due_at - clock_timestamp()) END));
END $$;
