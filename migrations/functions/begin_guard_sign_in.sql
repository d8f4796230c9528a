-- Whether a guard's PIN may be looked at, which is counted before anybody does: by the phone, the address and the guard, in this
-- order. Only a phone of the guard's own society counts for them. Answers {refused, wait, events}, or {check}: the post that is
-- meant, if any, with the hash of its PIN. p_device and p_code are digests.
CREATE OR REPLACE FUNCTION begin_guard_sign_in(
    p_device bytea, p_code bytea, p_guard_code text, p_phone text, p_address text, p_request text, p_trace text
) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    d       gate_devices;
    v_known boolean;
    v_wait  integer;
    g       record;
    v_guard text;
BEGIN
    SELECT x.* INTO d FROM gate_devices x JOIN gates t ON t.id = x.gate_id
     WHERE x.identifier_sha256 = p_device AND x.revoked_at IS NULL AND t.active;
    v_known := FOUND;
    IF NOT v_known OR p_code IS NOT NULL THEN
        -- Of phones that stand at no gate an address may try so many; those that do are not stopped by them.
        v_wait := count_try('foreign-address:' || p_address, 60, interval '15 minutes');
        IF v_wait = 0 AND p_code IS NOT NULL THEN
            d := coalesce(register_gate_device(p_device, p_code, p_request), d);
        END IF;
        IF d.id IS NOT NULL THEN
            PERFORM give_tries_back(ARRAY['foreign-address:' || p_address]);
        ELSIF v_wait > 0 THEN
            RETURN jsonb_build_object('refused', 'address', 'wait', v_wait);
        ELSE
            RETURN jsonb_build_object('refused', CASE WHEN p_code IS NULL THEN 'device' ELSE 'device_code' END,
                'events', tell_foreign_device(p_device, p_guard_code, p_phone, p_request, p_trace));
        END IF;
    END IF;

    v_wait := count_try('pin-device:' || d.id, 10, interval '15 minutes');
    IF v_wait > 0 THEN RETURN jsonb_build_object('refused', 'device_locked', 'wait', v_wait); END IF;
    v_wait := count_try('pin-device-day:' || d.id, 50, interval '1 day');
    IF v_wait > 0 THEN
        PERFORM give_tries_back(ARRAY['pin-device:' || d.id]);
        RETURN jsonb_build_object('refused', 'device_locked', 'wait', v_wait);
    END IF;
    v_wait := count_try('pin-address:' || p_address, 200, interval '15 minutes');
    IF v_wait > 0 THEN
        PERFORM give_tries_back(ARRAY['pin-device:' || d.id, 'pin-device-day:' || d.id]);
        RETURN jsonb_build_object('refused', 'address', 'wait', v_wait);
    END IF;
    SELECT x.id, x.user_id, x.guard_code, x.phone, p.hash, p.must_change INTO g
      FROM guards x JOIN guard_pins p ON p.guard_id = x.id
     WHERE x.society_id = d.society_id AND x.active AND (x.guard_code = p_guard_code OR x.phone = p_phone) AND is_made_by_us(x.user_id);
    -- A name that nobody has is counted too, so that answers do not tell who there is.
    v_guard := coalesce(g.id::text, encode(sha256(convert_to(d.society_id || coalesce(p_guard_code, p_phone), 'UTF8')), 'hex'));
    v_wait := count_try('pin-guard:' || v_guard, 5, interval '15 minutes');
    IF v_wait > 0 THEN
        -- Who is locked out locks nobody else out by trying on.
        PERFORM give_tries_back(ARRAY['pin-device:' || d.id, 'pin-device-day:' || d.id, 'pin-address:' || p_address]);
        RETURN jsonb_build_object('refused', 'guard_locked', 'wait', v_wait);
    END IF;
    RETURN jsonb_build_object('check', jsonb_build_object(
        'device', d.id, 'name', v_guard,
        -- The row is ours until the end of this transaction.
        'last', (SELECT hits >= 5 FROM request_counts WHERE counted = 'pin-guard:' || v_guard), 'guard', g.id, 'guard_code', g.guard_code, 'phone', g.phone, 'hash', g.hash,
        'must_change', coalesce(g.must_change, false)));
END $$;
