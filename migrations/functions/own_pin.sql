-- The hash of a signed-in guard's own PIN, which is counted as a try before anybody looks at it. Answers null where they have none.
CREATE OR REPLACE FUNCTION own_pin(p_user uuid) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    g      record;
    v_wait integer;
BEGIN
    SELECT x.id, x.guard_code, x.phone, p.hash INTO g FROM guards x JOIN guard_pins p ON p.guard_id = x.id
     WHERE x.user_id = p_user AND x.active AND is_made_by_us(p_user) ORDER BY x.created_at, x.id LIMIT 1;
    IF NOT FOUND THEN RETURN NULL; END IF;
    v_wait := count_try('pin-guard:' || g.id, 5, interval '15 minutes');
    RETURN jsonb_build_object('guard', g.id, 'guard_code', g.guard_code, 'phone', g.phone, 'hash', g.hash, 'wait', v_wait,
                              'last', (SELECT hits >= 5 FROM request_counts WHERE counted = 'pin-guard:' || g.id));
END $$;
