-- Messages whose turn it is; each is its claimer's for a lease. Emergencies first; then, of what is left, a quarter for
-- what is tried again, and the rest for societies in turn, within each for its flats in turn, the oldest first. What
-- one of them does not need goes to the others. The cost grows with what is asked for, never with what waits.
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
                       'request_id', claimed.request_id, 'trace_id', claimed.trace_id,
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
