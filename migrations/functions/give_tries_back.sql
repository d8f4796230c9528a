-- Takes a try off each of these counts: it was right, or not looked at.
CREATE OR REPLACE FUNCTION give_tries_back(p_counted text[]) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    FOR i IN 1 .. cardinality(p_counted) LOOP
        UPDATE request_counts SET hits = hits - 1 WHERE counted = p_counted[i] AND hits > 0;
    END LOOP;
END $$;
