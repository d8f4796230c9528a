-- Functions that no file in migrations/functions holds any more, with the release that found them so. The release before
-- may still call them; a later one drops them.
CREATE TABLE former_functions (
    signature  text PRIMARY KEY,
    -- A hash of that release's functions.
    release    text NOT NULL,
    noted_at   timestamptz NOT NULL DEFAULT now()
);
