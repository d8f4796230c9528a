-- Functions that no file in migrations/functions holds any more, with the release that found them so. The release before
-- may still call them; the one after drops them.
CREATE TABLE former_functions (
    signature  text PRIMARY KEY,
    -- A hash of that release's functions.
    release    text NOT NULL
);
