-- What a guard is told of their duty: whether it is now, and where they stand today.
CREATE OR REPLACE FUNCTION guard_duty(p_guard uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT jsonb_build_object('on_shift', on_shift(g.id),
                                  'assignments', assignments_of(g.id, (now() AT TIME ZONE s.timezone)::date))
          FROM guards g JOIN societies s ON s.id = g.society_id WHERE g.id = p_guard);
END $$;
