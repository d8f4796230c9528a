-- The pause after so many failures: doubled each time, at most five minutes, and not for all alike.
CREATE OR REPLACE FUNCTION push_backoff(p_attempts integer) RETURNS interval LANGUAGE sql VOLATILE AS $$
    SELECT least(300, power(2, least(p_attempts, 20) - 1)) * (0.5 + random() / 2) * interval '1 second'
$$;
