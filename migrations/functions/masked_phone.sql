-- A number of which the country and the last four digits can be read.
CREATE OR REPLACE FUNCTION masked_phone(p_phone text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    country text := substring(p_phone FROM '^\+(?:1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|(?:2[1-689]|3[578]|42|5[09]|6[7-9]|8[0357-9]|9[679])[0-9])');
BEGIN
    RETURN country || regexp_replace(substr(p_phone, length(country) + 1), '.(?=.{4})', '·', 'g');
END $$;
