CREATE TABLE resident_requests (
    id                 uuid PRIMARY KEY DEFAULT uuid_v7(),
    requesting_user_id uuid NOT NULL REFERENCES users,
    -- Society and block of the flat, so that an admin's list has an index; a flat never moves.
    society_id         uuid NOT NULL REFERENCES societies,
    block_id           uuid NOT NULL REFERENCES blocks,
    flat_id            uuid NOT NULL REFERENCES flats,
    requested_role     text NOT NULL CHECK (requested_role IN ('owner', 'tenant', 'other')),
    docs               jsonb NOT NULL DEFAULT '[]',
    note               text,
    status             text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'approved', 'rejected')),
    submitted_at       timestamptz NOT NULL DEFAULT now(),
    processed_by       uuid REFERENCES users,
    processed_at       timestamptz,
    processed_note     text,
    CONSTRAINT resident_requests_processed_check CHECK ((status = 'pending') = (processed_at IS NULL))
);
CREATE UNIQUE INDEX resident_requests_open_key ON resident_requests (requesting_user_id, flat_id) WHERE status = 'pending';
CREATE INDEX resident_requests_society_idx ON resident_requests (society_id, submitted_at DESC, id DESC);
CREATE INDEX resident_requests_block_idx ON resident_requests (block_id, submitted_at DESC, id DESC);
CREATE INDEX resident_requests_user_idx ON resident_requests (requesting_user_id, submitted_at DESC, id DESC);

-- Who decided a request. The key makes a second decision impossible.
CREATE TABLE resident_request_approvals (
    request_id uuid PRIMARY KEY REFERENCES resident_requests,
    -- Null where the society's policy approved it.
    user_id    uuid REFERENCES users,
    decision   text NOT NULL CHECK (decision IN ('approve', 'reject')),
    note       text,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- The request of a user for a flat that stands in the way of another one: 'resident' where he lives
-- there already, 'pending' where a request is open, null where he may ask. The lock makes two
-- parallel requests come one after the other; what is read after it is what the first one left.
CREATE FUNCTION request_in_the_way(p_user uuid, p_flat uuid) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM FROM users WHERE id = p_user FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM live_role_assignments
                WHERE user_id = p_user AND role = 'resident' AND scope_id = p_flat) THEN
        RETURN 'resident';
    END IF;
    RETURN (SELECT status FROM resident_requests
             WHERE requesting_user_id = p_user AND flat_id = p_flat AND status = 'pending');
END $$;

-- Lets a user into a flat: one open occupancy, and through it one live role.
CREATE FUNCTION open_occupancy(p_user uuid, p_flat uuid, p_role text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM FROM users WHERE id = p_user FOR NO KEY UPDATE;
    INSERT INTO flat_occupancies (flat_id, user_id, role, is_primary)
    VALUES (p_flat, p_user, p_role, NOT EXISTS (
        SELECT FROM flat_occupancies WHERE user_id = p_user AND is_primary AND end_date IS NULL))
    ON CONFLICT (user_id, flat_id) WHERE end_date IS NULL DO NOTHING;
    -- An occupancy that was open while its role had been revoked gets the role back.
    INSERT INTO role_assignments (user_id, role, scope_type, scope_id) VALUES (p_user, 'resident', 'flat', p_flat);
END $$;

CREATE TABLE devices (
    id                uuid PRIMARY KEY DEFAULT uuid_v7(),
    user_id           uuid NOT NULL REFERENCES users,
    -- None where the app names no device: then the token stands for it.
    device_identifier text,
    token             text,
    platform          text CHECK (platform IN ('ios', 'android', 'web')),
    device_info       jsonb NOT NULL DEFAULT '{}',
    is_active         boolean NOT NULL DEFAULT true,
    last_seen         timestamptz NOT NULL DEFAULT now(),
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT devices_identity_check CHECK (device_identifier IS NOT NULL OR token IS NOT NULL),
    CONSTRAINT devices_identifier_key UNIQUE (user_id, device_identifier),
    CONSTRAINT devices_token_key UNIQUE (token)
);

-- Notes a user's device. A token has one device: another user who held it, held the same phone
-- before, and loses it; he is answered so that the move can be audited.
CREATE FUNCTION register_device(p_user uuid, p_identifier text, p_token text, p_platform text, p_info jsonb)
RETURNS TABLE (device devices, moved_from uuid) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    SELECT d.user_id INTO moved_from FROM devices d WHERE d.token = p_token AND d.user_id <> p_user FOR UPDATE;
    IF p_identifier IS NOT NULL THEN
        DELETE FROM devices d WHERE d.token = p_token AND d.device_identifier IS NULL;
        UPDATE devices d SET token = NULL, is_active = false, updated_at = now()
         WHERE d.token = p_token AND (d.user_id, d.device_identifier) <> (p_user, p_identifier);
        INSERT INTO devices AS d (user_id, device_identifier, token, platform, device_info)
        VALUES (p_user, p_identifier, p_token, p_platform, coalesce(p_info, '{}'))
        ON CONFLICT (user_id, device_identifier) DO UPDATE
           SET token = coalesce(excluded.token, d.token), platform = coalesce(excluded.platform, d.platform),
               device_info = d.device_info || excluded.device_info, is_active = true, last_seen = now(), updated_at = now()
        RETURNING d.* INTO device;
    ELSE
        INSERT INTO devices AS d (user_id, token, platform, device_info)
        VALUES (p_user, p_token, p_platform, coalesce(p_info, '{}'))
        ON CONFLICT (token) DO UPDATE
           SET user_id = p_user, platform = coalesce(excluded.platform, d.platform),
               -- The former holder's name for the phone is not the new one's.
               device_identifier = CASE WHEN d.user_id = p_user THEN d.device_identifier END,
               device_info = CASE WHEN d.user_id = p_user THEN d.device_info || excluded.device_info ELSE excluded.device_info END,
               is_active = true, last_seen = now(), updated_at = now()
        RETURNING d.* INTO device;
    END IF;
    RETURN NEXT;
END $$;

CREATE TABLE emergencies (
    id                    uuid PRIMARY KEY DEFAULT uuid_v7(),
    -- Society and block of the flat, so that lists by scope have an index; a flat never moves.
    society_id            uuid NOT NULL REFERENCES societies,
    block_id              uuid NOT NULL REFERENCES blocks,
    flat_id               uuid NOT NULL REFERENCES flats,
    reported_by_user_id   uuid NOT NULL REFERENCES users,
    description           text,
    status                text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'addressed', 'resolved')),
    addressed_by_guard_id uuid REFERENCES guards,
    addressed_at          timestamptz,
    resolved_by_guard_id  uuid REFERENCES guards,
    resolved_at           timestamptz,
    created_at            timestamptz NOT NULL DEFAULT now(),
    updated_at            timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT emergencies_addressed_check CHECK (
        (status = 'pending') = (addressed_at IS NULL) AND (addressed_at IS NULL) = (addressed_by_guard_id IS NULL)),
    CONSTRAINT emergencies_resolved_check CHECK (
        (status = 'resolved') = (resolved_at IS NOT NULL) AND (resolved_at IS NULL) = (resolved_by_guard_id IS NULL))
);
CREATE INDEX emergencies_society_idx ON emergencies (society_id, created_at DESC, id DESC);
CREATE INDEX emergencies_block_idx ON emergencies (block_id, created_at DESC, id DESC);
CREATE INDEX emergencies_flat_idx ON emergencies (flat_id, created_at DESC, id DESC);

-- An emergency as answers show it.
CREATE FUNCTION emergency_answer(e emergencies) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT to_jsonb(e) || jsonb_build_object('flat_number', f.flat_number, 'block_name', b.name)
      FROM flats f JOIN blocks b ON b.id = f.block_id WHERE f.id = e.flat_id
$$;

-- Passes: one visitor for each QR id, and one live pass for each code of a society.
CREATE UNIQUE INDEX visitors_qr_code_key ON visitors (qr_code) WHERE qr_code IS NOT NULL;
CREATE UNIQUE INDEX visitors_access_code_key ON visitors (society_id, access_code)
    WHERE access_code IS NOT NULL AND status IN ('pending', 'accepted', 'checked_in');
CREATE INDEX visitors_expected_idx ON visitors (society_id, expected_start DESC, id DESC);

-- Codes and QR ids that a guard tried in vain, in his current window.
CREATE UNLOGGED TABLE pass_guesses (
    user_id      uuid PRIMARY KEY,
    window_start timestamptz NOT NULL,
    misses       integer NOT NULL
) WITH (fillfactor = 70);

-- Judges a try at a pass after the fact: counts it where nothing was found, and tells how many
-- misses there are in the window. Parallel tries wait here for each other, so no burst of guesses
-- gets more answers than the same guesses one by one.
CREATE FUNCTION count_guess(p_user uuid, p_found boolean, p_window interval)
RETURNS TABLE (misses integer, reset_seconds bigint) LANGUAGE sql VOLATILE AS $$
    INSERT INTO pass_guesses AS g (user_id, window_start, misses)
    VALUES (p_user, now(), CASE WHEN p_found THEN 0 ELSE 1 END)
    ON CONFLICT (user_id) DO UPDATE
       SET misses = CASE WHEN g.window_start > now() - p_window THEN g.misses ELSE 0 END + excluded.misses,
           window_start = CASE WHEN g.window_start > now() - p_window THEN g.window_start ELSE now() END
    RETURNING g.misses, greatest(1, ceil(extract(epoch FROM g.window_start + p_window - now())))::bigint
$$;

-- A pass as a guard sees it after scanning or typing its code.
CREATE FUNCTION scanned_pass(v visitors) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT listed_visitor(v) || jsonb_build_object(
               'auto_approved', v.auto_approved, 'qr_code', v.qr_code, 'access_code', v.access_code,
               'invited_by_phone', (SELECT phone FROM users WHERE users.id = v.invited_by),
               'visit_id', v.visit_id, 'checkin_time', v.checkin_time, 'checkout_time', v.checkout_time)
$$;
