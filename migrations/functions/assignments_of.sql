-- Where a guard stands on a day of their society's calendar, or, without a day, on all days.
CREATE OR REPLACE FUNCTION assignments_of(p_guard uuid, p_day date) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'gate_id', a.gate_id, 'gate_name', t.name, 'block_id', a.block_id, 'block_name', b.name,
                   'from', a.from_day, 'until', a.until_day) ORDER BY a.from_day, a.id), '[]')
          FROM guard_assignments a LEFT JOIN gates t ON t.id = a.gate_id LEFT JOIN blocks b ON b.id = a.block_id
         WHERE a.guard_id = p_guard
           AND (p_day IS NULL OR a.from_day <= p_day AND (a.until_day IS NULL OR a.until_day >= p_day)));
END $$;
