-- Who is to live where, by a phone number: who verifies it lives there (docs/decisions/074-claims-by-number.md).
CREATE TABLE resident_claims (
    id             uuid PRIMARY KEY DEFAULT uuid_v7(),
    -- Society and block of the flat, so that an admin's list has an index; a flat never moves.
    society_id     uuid NOT NULL REFERENCES societies,
    block_id       uuid NOT NULL REFERENCES blocks,
    flat_id        uuid NOT NULL REFERENCES flats,
    phone          text NOT NULL,
    name           text,
    occupancy_role text NOT NULL CHECK (occupancy_role IN ('owner', 'tenant', 'other')),
    source         text NOT NULL CHECK (source IN ('admin', 'import')),
    created_by     uuid NOT NULL REFERENCES users,
    created_at     timestamptz NOT NULL DEFAULT now()
);
-- A claim that is fulfilled or withdrawn is no row any more: the audit says what became of it.
CREATE UNIQUE INDEX resident_claims_key ON resident_claims (flat_id, phone);
CREATE INDEX resident_claims_phone_idx ON resident_claims (phone);
CREATE INDEX resident_claims_society_idx ON resident_claims (society_id, created_at DESC, id DESC);
CREATE INDEX resident_claims_old_idx ON resident_claims (created_at);
GRANT SELECT, INSERT, DELETE ON resident_claims TO society360_functions;

-- Files of flats and residents, and the residents of them that were not let in yet.
CREATE TABLE csv_imports (
    id          uuid PRIMARY KEY,
    society_id  uuid NOT NULL REFERENCES societies,
    created_by  uuid NOT NULL REFERENCES users,
    flats_made  integer NOT NULL,
    rows_total  integer NOT NULL,
    rows_done   integer NOT NULL DEFAULT 0,
    -- Of these, who lives or may live there only since.
    rows_fresh  integer NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
CREATE INDEX csv_imports_society_idx ON csv_imports (society_id, created_at DESC, id DESC);
CREATE INDEX csv_imports_old_idx ON csv_imports (created_at);
CREATE TABLE csv_import_rows (
    import_id  uuid NOT NULL REFERENCES csv_imports ON DELETE CASCADE,
    line       integer NOT NULL,
    flat_id    uuid NOT NULL REFERENCES flats,
    phone      text NOT NULL,
    name       text,
    role       text NOT NULL CHECK (role IN ('owner', 'tenant', 'other')),
    PRIMARY KEY (import_id, line)
);
GRANT SELECT, INSERT ON csv_imports TO society360_functions;
GRANT UPDATE (rows_done, rows_fresh, finished_at) ON csv_imports TO society360_functions;
GRANT SELECT, INSERT, DELETE ON csv_import_rows TO society360_functions;
