-- Gates, who guards them and when, and how guards sign in there (docs/decisions/076-guards-sign-in-with-a-pin.md).

CREATE TABLE gates (
    id         uuid PRIMARY KEY DEFAULT uuid_v7(),
    society_id uuid NOT NULL REFERENCES societies,
    name       text NOT NULL,
    active     boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX gates_society_idx ON gates (society_id, created_at DESC, id DESC);
GRANT SELECT, INSERT ON gates TO society360_functions;
GRANT UPDATE (name, active) ON gates TO society360_functions;

-- What sign-ins of a user carry; raised, it ends all of before. Only the tokens that we make ourselves carry it.
ALTER TABLE users ADD COLUMN session integer NOT NULL DEFAULT 0;
GRANT UPDATE (session) ON users TO society360_functions;

ALTER TABLE guards
    -- What is typed at sign-in, where nobody says of which society they are.
    ADD COLUMN guard_code text,
    ADD COLUMN phone text,
    -- So that who has no shifts is not asked for them at each call.
    ADD COLUMN has_shifts boolean NOT NULL DEFAULT false,
    ADD COLUMN last_sign_in_at timestamptz;
CREATE UNIQUE INDEX guards_code_key ON guards (guard_code);
CREATE UNIQUE INDEX guards_phone_key ON guards (society_id, phone);
CREATE INDEX guards_listed_idx ON guards (society_id, created_at DESC, id DESC);
CREATE INDEX guards_phones_idx ON guards (phone) WHERE phone IS NOT NULL;
GRANT INSERT ON guards TO society360_functions;
GRANT UPDATE (guard_code, phone, block_id, active, has_shifts, last_sign_in_at) ON guards TO society360_functions;

-- The hash alone, apart from the post, so that nothing which shows a post can show it.
CREATE TABLE guard_pins (
    guard_id    uuid PRIMARY KEY REFERENCES guards,
    hash        text NOT NULL,
    must_change boolean NOT NULL,
    set_at      timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT, INSERT ON guard_pins TO society360_functions;
GRANT UPDATE (hash, must_change, set_at) ON guard_pins TO society360_functions;

-- A phone that stands at a gate. What it calls itself is what it signs in with, so only the digest is kept.
CREATE TABLE gate_devices (
    id                uuid PRIMARY KEY DEFAULT uuid_v7(),
    society_id        uuid NOT NULL REFERENCES societies,
    gate_id           uuid NOT NULL REFERENCES gates,
    identifier_sha256 bytea NOT NULL,
    registered_at     timestamptz NOT NULL DEFAULT now(),
    last_sign_in_at   timestamptz,
    revoked_at        timestamptz,
    revoked_by        uuid REFERENCES users
);
CREATE UNIQUE INDEX gate_devices_live_key ON gate_devices (identifier_sha256) WHERE revoked_at IS NULL;
CREATE INDEX gate_devices_society_idx ON gate_devices (society_id, registered_at DESC, id DESC);
GRANT SELECT, INSERT ON gate_devices TO society360_functions;
GRANT UPDATE (last_sign_in_at, revoked_at, revoked_by) ON gate_devices TO society360_functions;

-- What registers one such phone, once.
CREATE TABLE gate_device_codes (
    id          uuid PRIMARY KEY DEFAULT uuid_v7(),
    gate_id     uuid NOT NULL REFERENCES gates,
    code_sha256 bytea NOT NULL,
    created_by  uuid NOT NULL REFERENCES users,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz,
    CONSTRAINT gate_device_codes_code_key UNIQUE (code_sha256)
);
CREATE INDEX gate_device_codes_expiry_idx ON gate_device_codes (expires_at);
GRANT SELECT, INSERT ON gate_device_codes TO society360_functions;
GRANT UPDATE (used_at) ON gate_device_codes TO society360_functions;

-- Whose sign-ins end with a phone.
CREATE TABLE guard_sign_ins (
    device_id    uuid NOT NULL REFERENCES gate_devices,
    guard_id     uuid NOT NULL REFERENCES guards,
    signed_in_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (device_id, guard_id)
);
CREATE INDEX guard_sign_ins_age_idx ON guard_sign_ins (signed_in_at);
GRANT SELECT, INSERT ON guard_sign_ins TO society360_functions;
GRANT UPDATE (signed_in_at) ON guard_sign_ins TO society360_functions;

-- Where a guard stands, by days of the society's calendar.
CREATE TABLE guard_assignments (
    id        uuid PRIMARY KEY DEFAULT uuid_v7(),
    guard_id  uuid NOT NULL REFERENCES guards,
    gate_id   uuid REFERENCES gates,
    block_id  uuid REFERENCES blocks,
    from_day  date NOT NULL,
    until_day date,
    CONSTRAINT guard_assignments_place_check CHECK (num_nonnulls(gate_id, block_id) > 0),
    CONSTRAINT guard_assignments_days_check CHECK (until_day >= from_day)
);
CREATE INDEX guard_assignments_guard_idx ON guard_assignments (guard_id, from_day);
GRANT SELECT, INSERT, DELETE ON guard_assignments TO society360_functions;

-- When a guard is on duty, by the society's clock. One that ends before it starts ends on the next day.
CREATE TABLE guard_shifts (
    id         uuid PRIMARY KEY DEFAULT uuid_v7(),
    guard_id   uuid NOT NULL REFERENCES guards,
    -- Monday is 1 (ISO 8601).
    weekdays   smallint[] NOT NULL,
    from_time  time NOT NULL,
    until_time time NOT NULL,
    from_day   date NOT NULL,
    until_day  date,
    CONSTRAINT guard_shifts_weekdays_check CHECK (cardinality(weekdays) BETWEEN 1 AND 7 AND weekdays <@ '{1,2,3,4,5,6,7}'),
    CONSTRAINT guard_shifts_days_check CHECK (until_day >= from_day)
);
CREATE INDEX guard_shifts_guard_idx ON guard_shifts (guard_id, from_day);
GRANT SELECT, INSERT, DELETE ON guard_shifts TO society360_functions;

ALTER TABLE policies DROP CONSTRAINT policies_value_check;
ALTER TABLE policies ADD CONSTRAINT policies_value_check CHECK (CASE name
    WHEN 'acceptance_valid_hours' THEN value BETWEEN '1' AND '720'
    WHEN 'approval_timeout_seconds' THEN value BETWEEN '10' AND '86400'
    WHEN 'event_retention_hours' THEN value BETWEEN '24' AND '720'
    WHEN 'guard_shift_enforced' THEN value IN ('true', 'false')
    WHEN 'guards_see_resident_phones' THEN value IN ('true', 'false')
    WHEN 'guest_pass_max_days' THEN value BETWEEN '1' AND '365'
    WHEN 'guest_pass_max_days_ahead' THEN value BETWEEN '1' AND '365'
    WHEN 'guest_pass_default_hours' THEN value BETWEEN '1' AND '8760'
    WHEN 'invites_a_day' THEN value BETWEEN '1' AND '10000'
    WHEN 'message_countries' THEN jsonb_typeof(value) = 'array' AND jsonb_array_length(value) <= 50
        AND NOT value @? 'strict $[*] ? (@.type() != "string" || !(@ like_regex "^[+][1-9][0-9]{0,6}$"))'
    WHEN 'resident_auto_approve' THEN value IN ('true', 'false')
    WHEN 'visitor_retention_days' THEN value BETWEEN '30' AND '1095'
    ELSE false END);
