-- What a guard's code or number is refused for that another guard has; null where nobody has it. A code is one over all
-- societies, since it is typed without one.
CREATE OR REPLACE FUNCTION taken_problem(p_society uuid, p_guard uuid, p_code text, p_phone text) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF EXISTS (SELECT FROM guards g WHERE g.guard_code = p_code AND g.id <> p_guard) THEN
        RETURN '{"field": "guard_code", "code": "TAKEN", "problem": "is in use already",
                 "sentence": "Another guard has this code. Please choose another one."}';
    END IF;
    IF EXISTS (SELECT FROM guards g WHERE g.society_id = p_society AND g.phone = p_phone AND g.id <> p_guard) THEN
        RETURN '{"field": "phone", "code": "TAKEN", "problem": "is in use already",
                 "sentence": "Another guard of the society has this phone number."}';
    END IF;
    RETURN NULL;
END $$;
