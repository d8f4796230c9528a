-- Gives a society these steps of escalation in the place of those it had, in the order of the list; without any it has the
-- default ones. Answers those it had.
CREATE OR REPLACE FUNCTION set_escalation_steps(p_society uuid, p_steps jsonb) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_before jsonb;
BEGIN
    PERFORM hold_society(p_society);
    v_before := own_escalation_steps(p_society);
    DELETE FROM escalation_steps WHERE society_id = p_society;
    INSERT INTO escalation_steps (society_id, position, after_seconds, channel, audience)
    SELECT p_society, e.place, (e.step ->> 'after_seconds')::integer, e.step ->> 'channel', e.step ->> 'audience'
      FROM jsonb_array_elements(p_steps) WITH ORDINALITY AS e (step, place);
    RETURN v_before;
END $$;
