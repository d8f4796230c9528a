-- Why nobody can be logged for such a time; null where they can. Somebody is at the gate: who comes later has a pass. The
-- retention of what is known of them begins with their end, so it has to come, and within what a pass may last where its
-- society says nothing.
CREATE OR REPLACE FUNCTION visit_problem(p_starts timestamptz, p_ends timestamptz) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN CASE
        WHEN p_ends <= p_starts THEN jsonb_build_object(
            'field', 'expected_end', 'code', 'OUT_OF_RANGE', 'problem', 'must be after expected_start',
            'sentence', 'The expected end must be after the expected start.')
        WHEN p_ends <= now() THEN jsonb_build_object(
            'field', 'expected_end', 'code', 'OUT_OF_RANGE', 'problem', 'must be in the future',
            'sentence', 'The expected end is over already. Is the clock of this phone right?')
        WHEN p_ends > p_starts + interval '30 days' THEN jsonb_build_object(
            'field', 'expected_end', 'code', 'OUT_OF_RANGE', 'problem', 'must be at most 30 days after expected_start',
            'sentence', 'A visit may last 30 days at most.')
        WHEN p_starts > now() + interval '30 days' THEN jsonb_build_object(
            'field', 'expected_start', 'code', 'OUT_OF_RANGE', 'problem', 'must be within 30 days',
            'sentence', 'A visit must start within 30 days.') END;
END $$;
