-- Ids are UUID v7 (RFC 9562, section 5.7), so that rows made one after the other lie beside each other.
CREATE FUNCTION uuid_v7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT encode(
        set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid())
                    PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                    FROM 1 FOR 6),
            52, 1), 53, 1), 'hex')::uuid
$$;

-- Flat 9 comes before flat 10.
CREATE COLLATION natural_order (provider = icu, locale = 'en-u-kn-true');

CREATE TABLE societies (
    id         uuid PRIMARY KEY DEFAULT uuid_v7(),
    name       text NOT NULL,
    slug       text,
    city       text NOT NULL,
    address    text,
    timezone   text NOT NULL DEFAULT 'Asia/Kolkata',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX societies_slug_key ON societies (slug);
CREATE INDEX societies_city_idx ON societies (city, name);

CREATE TABLE complexes (
    id         uuid PRIMARY KEY DEFAULT uuid_v7(),
    society_id uuid NOT NULL REFERENCES societies,
    name       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX complexes_society_idx ON complexes (society_id, name);

CREATE TABLE blocks (
    id         uuid PRIMARY KEY DEFAULT uuid_v7(),
    complex_id uuid NOT NULL REFERENCES complexes,
    name       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX blocks_complex_idx ON blocks (complex_id, name);

CREATE TABLE flats (
    id            uuid PRIMARY KEY DEFAULT uuid_v7(),
    block_id      uuid NOT NULL REFERENCES blocks,
    flat_number   text NOT NULL,
    unit_type     text,
    bhk           text,
    square_feet   integer CHECK (square_feet > 0),
    parking_slots integer NOT NULL DEFAULT 0 CHECK (parking_slots >= 0),
    is_active     boolean NOT NULL DEFAULT true,
    created_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT flats_number_key UNIQUE (block_id, flat_number)
);

-- Where a flat lies, from the flat up to its society.
CREATE VIEW places AS
SELECT f.id AS flat_id, f.flat_number, f.is_active,
       b.id AS block_id, b.name AS block_name,
       c.id AS complex_id, c.name AS complex_name,
       s.id AS society_id, s.name AS society_name, s.city, s.address, s.timezone
  FROM flats f
  JOIN blocks b ON b.id = f.block_id
  JOIN complexes c ON c.id = b.complex_id
  JOIN societies s ON s.id = c.society_id;

CREATE TABLE users (
    id           uuid PRIMARY KEY DEFAULT uuid_v7(),
    firebase_uid text NOT NULL,
    -- Not unique: a number that changed hands belongs to two users for a while.
    phone        text,
    email        text,
    name         text,
    avatar_url   text,
    timezone     text NOT NULL DEFAULT 'Asia/Kolkata',
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_firebase_uid_key UNIQUE (firebase_uid)
);

-- One row for each token that was ever accepted; the token itself is not kept.
CREATE TABLE firebase_auth_audit (
    id           uuid PRIMARY KEY DEFAULT uuid_v7(),
    user_id      uuid NOT NULL REFERENCES users,
    token_sha256 bytea NOT NULL,
    issued_at    timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    ip           text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT firebase_auth_audit_token_key UNIQUE (token_sha256)
);
CREATE INDEX firebase_auth_audit_user_idx ON firebase_auth_audit (user_id, created_at);

-- Requests of one IP in the current window. Losing it in a crash costs nothing, so it is not logged.
CREATE UNLOGGED TABLE rate_limits (
    ip           text PRIMARY KEY,
    window_start timestamptz NOT NULL,
    hits         integer NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE flat_occupancies (
    id         uuid PRIMARY KEY DEFAULT uuid_v7(),
    flat_id    uuid NOT NULL REFERENCES flats,
    user_id    uuid NOT NULL REFERENCES users,
    role       text NOT NULL DEFAULT 'owner' CHECK (role IN ('owner', 'tenant', 'other')),
    is_primary boolean NOT NULL DEFAULT false,
    start_date date NOT NULL DEFAULT CURRENT_DATE,
    end_date   date,
    created_at timestamptz NOT NULL DEFAULT now()
);
-- Open means that no end is set; the end is set on the day itself.
CREATE UNIQUE INDEX flat_occupancies_open_key ON flat_occupancies (user_id, flat_id) WHERE end_date IS NULL;
CREATE INDEX flat_occupancies_flat_idx ON flat_occupancies (flat_id) WHERE end_date IS NULL;

CREATE TABLE guards (
    id         uuid PRIMARY KEY DEFAULT uuid_v7(),
    user_id    uuid NOT NULL REFERENCES users,
    society_id uuid NOT NULL REFERENCES societies,
    block_id   uuid REFERENCES blocks,
    active     boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT guards_post_key UNIQUE (user_id, society_id)
);
CREATE INDEX guards_society_idx ON guards (society_id);

CREATE TABLE role_assignments (
    id         uuid PRIMARY KEY DEFAULT uuid_v7(),
    user_id    uuid NOT NULL REFERENCES users,
    role       text NOT NULL,
    scope_type text NOT NULL,
    -- No foreign key: it names a society, a block or a flat, by scope_type.
    scope_id   uuid,
    granted_by uuid REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    CONSTRAINT role_assignments_scope_check CHECK (
        (role, scope_type) IN (('super_admin', 'global'), ('society_admin', 'society'),
                               ('block_admin', 'block'), ('guard', 'society'), ('resident', 'flat'))
        AND (scope_type = 'global') = (scope_id IS NULL))
);
CREATE UNIQUE INDEX role_assignments_live_key
    ON role_assignments (user_id, role, coalesce(scope_id, '00000000-0000-0000-0000-000000000000'))
    WHERE revoked_at IS NULL;

-- To grant a role that is held already changes nothing.
CREATE FUNCTION skip_held_role() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM role_assignments r
                WHERE r.user_id = NEW.user_id AND r.role = NEW.role
                  AND r.scope_id IS NOT DISTINCT FROM NEW.scope_id AND r.revoked_at IS NULL) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER role_assignments_skip_held BEFORE INSERT ON role_assignments
    FOR EACH ROW WHEN (NEW.revoked_at IS NULL) EXECUTE FUNCTION skip_held_role();

-- A new post or occupancy brings its role. It counts only together with that row: see live_role_assignments.
CREATE FUNCTION grant_guard_role() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO role_assignments (user_id, role, scope_type, scope_id)
    VALUES (NEW.user_id, 'guard', 'society', NEW.society_id);
    RETURN NULL;
END $$;
CREATE TRIGGER guards_grant_role AFTER INSERT ON guards
    FOR EACH ROW EXECUTE FUNCTION grant_guard_role();

CREATE FUNCTION grant_resident_role() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO role_assignments (user_id, role, scope_type, scope_id)
    VALUES (NEW.user_id, 'resident', 'flat', NEW.flat_id);
    RETURN NULL;
END $$;
CREATE TRIGGER flat_occupancies_grant_role AFTER INSERT ON flat_occupancies
    FOR EACH ROW WHEN (NEW.end_date IS NULL) EXECUTE FUNCTION grant_resident_role();

-- Roles that work now: not revoked, and for guards and residents only with an active post or an open occupancy.
CREATE VIEW live_role_assignments AS
SELECT r.user_id, r.role, r.scope_type, r.scope_id, r.created_at
  FROM role_assignments r
 WHERE r.revoked_at IS NULL
   AND CASE r.role
       WHEN 'guard' THEN EXISTS (SELECT FROM guards g
            WHERE g.user_id = r.user_id AND g.society_id = r.scope_id AND g.active)
       WHEN 'resident' THEN EXISTS (SELECT FROM flat_occupancies o
            WHERE o.user_id = r.user_id AND o.flat_id = r.scope_id AND o.end_date IS NULL)
       ELSE true END;

-- What a user's live roles reach. Every statement that serves a caller starts from this.
CREATE TYPE scope AS (
    super_admin boolean,
    guard_of    uuid[],  -- societies
    admin_of    uuid[],  -- societies
    blocks      uuid[],  -- administered blocks
    flats       uuid[],  -- homes
    part_of     uuid[]   -- societies in which the user has any role
);
CREATE FUNCTION caller_scope(p_user uuid) RETURNS scope LANGUAGE sql STABLE AS $$
    WITH live AS (SELECT role, scope_id FROM live_role_assignments WHERE user_id = p_user)
    SELECT (
        EXISTS (SELECT FROM live WHERE role = 'super_admin'),
        ARRAY(SELECT scope_id FROM live WHERE role = 'guard'),
        ARRAY(SELECT scope_id FROM live WHERE role = 'society_admin'),
        ARRAY(SELECT scope_id FROM live WHERE role = 'block_admin'),
        ARRAY(SELECT scope_id FROM live WHERE role = 'resident'),
        ARRAY(SELECT scope_id FROM live WHERE role IN ('guard', 'society_admin')
              UNION SELECT c.society_id FROM live JOIN blocks b ON b.id = live.scope_id
                    JOIN complexes c ON c.id = b.complex_id WHERE live.role = 'block_admin'
              UNION SELECT p.society_id FROM live JOIN places p ON p.flat_id = live.scope_id
                    WHERE live.role = 'resident'))::scope
$$;

-- Guards and administrators of a place; the place is one flat's block and society.
CREATE FUNCTION is_staff(me scope, p_society uuid, p_block uuid) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT me.super_admin OR p_society = ANY (me.guard_of) OR p_society = ANY (me.admin_of) OR p_block = ANY (me.blocks)
$$;
CREATE FUNCTION has_part(me scope, p_society uuid) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT me.super_admin OR p_society = ANY (me.part_of)
$$;

CREATE FUNCTION live_roles(p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('role', role, 'scope_type', scope_type, 'scope_id', scope_id)
                              ORDER BY role, created_at, scope_id), '[]')
      FROM live_role_assignments WHERE user_id = p_user
$$;

-- A user's homes, the primary one first, and his post, as signing in and the profile answer them.
CREATE FUNCTION home_of(p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
        'flats', coalesce((
            SELECT jsonb_agg(jsonb_build_object(
                       'id', o.id, 'occupancy_id', o.id, 'occupancy_role', o.role, 'is_primary', o.is_primary,
                       'start_date', o.start_date, 'flat_id', p.flat_id, 'flat_number', p.flat_number,
                       'unit_type', f.unit_type, 'bhk', f.bhk, 'block_id', p.block_id, 'block_name', p.block_name,
                       'complex_id', p.complex_id, 'complex_name', p.complex_name, 'society_id', p.society_id,
                       'society_name', p.society_name, 'city', p.city, 'address', p.address)
                   ORDER BY o.is_primary DESC, o.start_date, o.id)
              FROM flat_occupancies o
              JOIN live_role_assignments l ON l.user_id = o.user_id AND l.role = 'resident' AND l.scope_id = o.flat_id
              JOIN places p ON p.flat_id = o.flat_id
              JOIN flats f ON f.id = o.flat_id
             WHERE o.user_id = p_user AND o.end_date IS NULL), '[]'),
        'guard', (
            SELECT jsonb_build_object(
                       'id', g.id, 'guard_id', g.id, 'active', g.active, 'society_id', s.id, 'society_name', s.name,
                       'city', s.city, 'block_id', g.block_id, 'assigned_block_name', b.name)
              FROM guards g
              JOIN live_role_assignments l ON l.user_id = g.user_id AND l.role = 'guard' AND l.scope_id = g.society_id
              JOIN societies s ON s.id = g.society_id
              LEFT JOIN blocks b ON b.id = g.block_id
             WHERE g.user_id = p_user AND g.active
             ORDER BY g.created_at, g.id
             LIMIT 1))
$$;
