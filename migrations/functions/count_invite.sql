-- Counts an invitation, for its pass by the messages themselves, for its number, its society and its user in a day of
-- 24 hours that begins with the first; answers by which bound it is one too many, with the bound and the seconds until
-- there is room, or no row. Parallel ones wait for each other here, in this order, so none gets past a bound; one that
-- is refused is not counted. The caller has locked the visitor. A number is kept as a hash.
CREATE OR REPLACE FUNCTION count_invite(p_visitor uuid, p_phone text, p_society uuid, p_user uuid, p_of_pass integer, p_of_number integer,
                             p_of_society integer, p_of_user integer)
RETURNS TABLE (what text, bound integer, reset_seconds bigint) LANGUAGE plpgsql VOLATILE ROWS 1 AS $$
DECLARE
    v_counted text[]    := ARRAY['invites:number:' || encode(sha256(convert_to(p_phone, 'UTF8')), 'hex'),
                                 'invites:society:' || p_society, 'invites:user:' || p_user];
    v_bounds  integer[] := ARRAY[p_of_number, p_of_society, p_of_user];
    v_count   request_counts;
BEGIN
    IF (SELECT count(*) FROM deliveries WHERE visitor_id = p_visitor AND kind = 'invite')
     + (SELECT count(*) FROM notifications WHERE visitor_id = p_visitor AND kind = 'invite' AND status <> 'failed')
     -- What the release before has queued and nobody has taken over.
     + (SELECT count(*) FROM notification_logs WHERE visitor_id = p_visitor AND kind = 'invite' AND status = 'queued')
       >= p_of_pass THEN
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
