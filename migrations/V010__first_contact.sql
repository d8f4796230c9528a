-- An instant of what a caller sent: the instant itself, or what the clock shows in the society's timezone. Of an hour
-- that comes twice, where clocks are set back, it is the first one: the reading by the offset of the day before, where
-- that shows the same on the clock. A clock that skips that hour is read by the offset before.
CREATE FUNCTION society_time(p_at timestamptz, p_clock timestamp, p_timezone text) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(p_at, CASE
        WHEN ((p_clock - (((p_clock - interval '1 day') AT TIME ZONE p_timezone AT TIME ZONE p_timezone)
                          - ((p_clock - interval '1 day') AT TIME ZONE p_timezone AT TIME ZONE 'UTC'))) AT TIME ZONE 'UTC'
              AT TIME ZONE p_timezone) = p_clock
        THEN (p_clock - (((p_clock - interval '1 day') AT TIME ZONE p_timezone AT TIME ZONE p_timezone)
                         - ((p_clock - interval '1 day') AT TIME ZONE p_timezone AT TIME ZONE 'UTC'))) AT TIME ZONE 'UTC'
        ELSE p_clock AT TIME ZONE p_timezone END)
$$;

-- Requests in the current window, of whom they count for: 'user:<id>', 'urgent:<id>', 'address:<ip>',
-- 'unverified:<ip>', 'waiting:<ip>' or 'rejected:<ip>'. Losing it in a crash costs nothing, so it is not logged. It stands in for
-- rate_limits, which the release before goes on writing.
CREATE UNLOGGED TABLE request_counts (
    counted      text COLLATE "C" PRIMARY KEY,
    window_start timestamptz NOT NULL,
    hits         integer NOT NULL
) WITH (fillfactor = 70);

-- The language that a user wants to be told things in (ISO 639-1); null where they never said.
ALTER TABLE users ADD COLUMN language text CHECK (language IN ('bn', 'en', 'hi', 'kn', 'mr', 'ta', 'te'));

-- A flat with the resident to call, as answers about visitors carry it: the primary one, else the next who has a name. A
-- flat that somebody lives in has a name always, since the guards' app offers no other.
CREATE OR REPLACE FUNCTION flat_details(p_flat uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT jsonb_build_object(
                   'flat_id', p.flat_id, 'flat_number', p.flat_number, 'block_id', p.block_id, 'block_name', p.block_name,
                   'complex_id', p.complex_id, 'complex_name', p.complex_name,
                   'society_id', p.society_id, 'society_name', p.society_name, 'resident_user_id', r.id,
                   'resident_name', CASE WHEN r.id IS NOT NULL THEN coalesce(r.name, 'Resident of ' || p.flat_number) END,
                   'resident_phone', r.phone)
          FROM places p
          LEFT JOIN LATERAL (
               SELECT u.id, u.name, u.phone FROM flat_occupancies o JOIN users u ON u.id = o.user_id
                WHERE o.flat_id = p.flat_id AND o.end_date IS NULL
                ORDER BY u.name IS NULL, o.is_primary DESC, o.start_date, o.id LIMIT 1) r ON true
         WHERE p.flat_id = p_flat);
END $$;
