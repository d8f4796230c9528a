-- Messages whose turn it is; each is its claimer's for a lease. Emergencies first; then, of what is left, a quarter for
-- what is tried again, and the rest for societies in turn, within each for its flats in turn, the oldest first. What
-- one of them does not need goes to the others. The cost grows with what is asked for, never with what waits. One that
-- cannot be read is filed as failed, and keeps no other from being sent.
CREATE OR REPLACE FUNCTION claim_notifications(p_limit integer) RETURNS SETOF jsonb LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    v_now       timestamptz := clock_timestamp();
    v_ids       uuid[];
    v_left      integer;
    v_societies integer[];
    v_flats     integer[];
    v_society   integer;
    v_flat      integer;
    v_some      uuid[];
    v_claimed   deliveries[];
    v_messages  jsonb[] := '{}';
    claimed     deliveries;
BEGIN
    PERFORM take_over_logs();
    v_ids := ARRAY(
        SELECT n.id FROM deliveries n
         WHERE n.turn = 'urgent' AND n.due_at <= v_now AND (n.leased_until IS NULL OR n.leased_until <= v_now)
         ORDER BY n.due_at LIMIT p_limit FOR UPDATE SKIP LOCKED);
    v_left := p_limit - cardinality(v_ids);
    FOR round IN 1..2 LOOP
        EXIT WHEN v_left <= 0;
        v_some := ARRAY(
            SELECT n.id FROM deliveries n
             WHERE n.turn = 'again' AND n.due_at <= v_now AND (n.leased_until IS NULL OR n.leased_until <= v_now)
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
                    SELECT n.id FROM deliveries n
                     WHERE n.turn = 'fresh' AND n.due_at <= v_now AND (n.leased_until IS NULL OR n.leased_until <= v_now)
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
    IF v_ids = '{}' THEN RETURN; END IF;
    WITH taken AS (
        UPDATE deliveries n SET attempts = n.attempts + 1, leased_until = clock_timestamp() + send_lease()
         WHERE n.id = ANY (v_ids) RETURNING n
    )
    SELECT array_agg(t.n ORDER BY array_position(v_ids, (t.n).id)) INTO v_claimed FROM taken t;
    -- One by one only where one of them cannot be read, since each then costs a transaction of its own.
    BEGIN
        FOREACH claimed IN ARRAY v_claimed LOOP
            v_messages := v_messages || message_to_send(claimed);
        END LOOP;
    EXCEPTION WHEN data_exception OR cardinality_violation OR plpgsql_error OR internal_error THEN
        v_messages := '{}';
        FOREACH claimed IN ARRAY v_claimed LOOP
            BEGIN
                v_messages := v_messages || message_to_send(claimed);
            EXCEPTION WHEN data_exception OR cardinality_violation OR plpgsql_error OR internal_error THEN
                claimed.payload := jsonb_build_object('type', claimed.kind);
                PERFORM file_delivery(claimed, 'failed', 'defect_' || SQLSTATE);
                PERFORM put_off_telling(ARRAY[claimed.visitor_id]);
            END;
        END LOOP;
    END;
    RETURN QUERY SELECT unnest(v_messages);
END $$;
