-- Notes what came of sending: [{id, attempt, outcome, reason, retry_seconds, address}], where `outcome` is sent,
-- failed, gone (the device is no more) or retry. A row that another sender has taken since is left to them. It waits for
-- no room: guards are told of it by `tell_due_delivery`. Answers no events; the release before publishes what it answers.
CREATE OR REPLACE FUNCTION settle_notifications(p_outcomes jsonb) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    o          record;
    d          deliveries;
    v_visitors uuid[] := '{}';
    v_gone     jsonb  := '[]';
BEGIN
    FOR o IN SELECT * FROM jsonb_to_recordset(p_outcomes)
                      AS r (id uuid, attempt integer, outcome text, reason text, retry_seconds float8, address text) ORDER BY r.id
    LOOP
        SELECT * INTO d FROM deliveries WHERE id = o.id AND attempts = o.attempt FOR UPDATE;
        CONTINUE WHEN NOT FOUND;
        IF o.outcome = 'retry' AND d.expires_at > clock_timestamp() + make_interval(secs => o.retry_seconds) THEN
            UPDATE deliveries
               SET turn = CASE turn WHEN 'urgent' THEN turn ELSE 'again' END, leased_until = NULL, reason = o.reason,
                   due_at = clock_timestamp() + make_interval(secs => o.retry_seconds)
             WHERE id = d.id;
            CONTINUE;
        END IF;
        PERFORM file_delivery(d, CASE o.outcome WHEN 'sent' THEN 'sent' ELSE 'failed' END, o.reason);
        IF o.outcome = 'gone' THEN
            v_gone := v_gone || jsonb_build_object('id', d.device_id, 'token', o.address);
        END IF;
        IF d.kind = 'visitor_request' AND d.channel = 'push' THEN
            v_visitors := v_visitors || d.visitor_id;
        END IF;
    END LOOP;
    -- A new token that came in between is not dead. In one order, so that no two wait for each other.
    IF v_gone <> '[]' THEN
        UPDATE devices SET is_active = false, updated_at = now() WHERE id IN (
            SELECT x.id FROM devices x JOIN jsonb_to_recordset(v_gone) AS g (id uuid, token text) USING (id, token)
             ORDER BY x.id FOR UPDATE OF x);
    END IF;
    IF v_visitors <> '{}' THEN PERFORM put_off_telling(v_visitors); END IF;
    RETURN '[]';
END $$;
