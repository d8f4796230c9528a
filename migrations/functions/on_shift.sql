-- Whether a guard is on duty now, by the clock of their society. Who has no shifts always is. A shift over midnight belongs to
-- the day on which it starts.
CREATE OR REPLACE FUNCTION on_shift(p_guard uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_clock timestamp;
BEGIN
    SELECT now() AT TIME ZONE s.timezone INTO v_clock
      FROM guards g JOIN societies s ON s.id = g.society_id WHERE g.id = p_guard AND g.has_shifts;
    IF NOT FOUND THEN RETURN true; END IF;
    RETURN EXISTS (
        SELECT FROM guard_shifts t, LATERAL (VALUES (v_clock::date), (v_clock::date - 1)) AS d (day)
         WHERE t.guard_id = p_guard AND extract(isodow FROM d.day) = ANY (t.weekdays)
           AND d.day >= t.from_day AND (t.until_day IS NULL OR d.day <= t.until_day)
           AND v_clock >= d.day + t.from_time
           AND v_clock < d.day + t.until_time + CASE WHEN t.until_time <= t.from_time THEN interval '1 day' ELSE interval '0' END);
END $$;
