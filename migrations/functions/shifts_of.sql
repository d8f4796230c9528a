-- A guard's shifts, as an admin gave them.
CREATE OR REPLACE FUNCTION shifts_of(p_guard uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'weekdays', to_jsonb(t.weekdays), 'starts', to_char(t.from_time, 'HH24:MI'), 'ends', to_char(t.until_time, 'HH24:MI'),
                   'from', t.from_day, 'until', t.until_day) ORDER BY t.from_day, t.from_time, t.id), '[]')
          FROM guard_shifts t WHERE t.guard_id = p_guard);
END $$;
