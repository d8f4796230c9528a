-- What is due now and nobody is at: pushes, messages, deadlines or steps; and the seconds until more of it falls due, where
-- that is within the next p_left. What somebody holds is theirs for as long as that takes where all is well; after that they
-- are thought dead, and the end of their lease is waited for.
CREATE OR REPLACE FUNCTION due_work(p_left float8) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_now   timestamptz := clock_timestamp();
    v_push  timestamptz := least(
        (SELECT min(greatest(r.due_at, r.pusher_until)) FROM room_sequences r
          WHERE r.pushed < r.seq AND coalesce(r.pusher_until, '-infinity') < v_now + interval '2 seconds'),
        (SELECT l.due_at FROM lagging_connections l ORDER BY l.due_at LIMIT 1));
    v_send  timestamptz := least(
        (SELECT n.due_at FROM deliveries n
          WHERE n.turn = 'urgent' AND n.due_at < v_now + interval '10 seconds' AND coalesce(n.leased_until, '-infinity') <= v_now
          ORDER BY n.due_at LIMIT 1),
        (SELECT n.due_at FROM deliveries n
          WHERE n.turn = 'again' AND n.due_at < v_now + interval '10 seconds' AND coalesce(n.leased_until, '-infinity') <= v_now
          ORDER BY n.due_at LIMIT 1),
        (SELECT n.due_at FROM deliveries n
          WHERE n.turn = 'fresh' AND n.due_at <= v_now AND coalesce(n.leased_until, '-infinity') <= v_now LIMIT 1),
        (SELECT t.due_at FROM delivery_tellings t WHERE t.due_at IS NOT NULL ORDER BY t.due_at LIMIT 1));
    v_watch timestamptz := next_deadline();
    v_next  timestamptz := least(v_push, v_send, v_watch);
BEGIN
    RETURN jsonb_build_object(
        'push', coalesce(v_push <= v_now, false), 'send', coalesce(v_send <= v_now, false),
        'watch', coalesce(v_watch <= v_now, false),
        'seconds', CASE WHEN v_next < v_now + make_interval(secs => p_left)
                        THEN extract(epoch FROM greatest(v_next, v_now) - v_now) END);
END $$;
