-- A resident's number as the guards of their society are told it.
CREATE OR REPLACE FUNCTION gate_phone(p_society uuid, p_phone text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN policy_switch(p_society, 'guards_see_resident_phones', false) THEN p_phone ELSE masked_phone(p_phone) END
$$;
