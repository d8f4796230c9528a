-- Why a number is not sent invitations: 'expensive_number' for ranges that belong to no country (ITU-T E.164, list of
-- assigned country codes: satellites, networks, freephone, shared and premium rates), for premium rates of +1 and for
-- premium and personal numbers of +44, whatever is allowed; 'country_not_allowed' where none of the prefixes fits. Null
-- where it may be sent them.
CREATE OR REPLACE FUNCTION number_refusal(p_phone text, p_countries jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN CASE
        WHEN p_phone ~ '^[+](800|808|870|878|88[1238]|979|991|1900|4470|449)' THEN 'expensive_number'
        WHEN NOT EXISTS (SELECT FROM jsonb_array_elements_text(p_countries) c WHERE starts_with(p_phone, c)) THEN 'country_not_allowed' END;
END $$;
