-- The steps of escalation that a society has decided, in their order; those without a society are asked for by null.
CREATE OR REPLACE FUNCTION own_escalation_steps(p_society uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce(jsonb_agg(jsonb_build_object('after_seconds', after_seconds, 'channel', channel, 'audience', audience)
                                  ORDER BY position), '[]')
          FROM escalation_steps WHERE society_id IS NOT DISTINCT FROM p_society);
END $$;
