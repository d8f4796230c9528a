-- Leaves a deadline or step alone for a while, longer with each failure, and notes why.
CREATE OR REPLACE FUNCTION put_off(p_work text, p_subject uuid, p_reason text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    INSERT INTO put_off AS p (work, subject, due_at, reason)
    VALUES (p_work, p_subject, clock_timestamp() + push_backoff(1), p_reason)
    ON CONFLICT (work, subject) DO UPDATE
       SET attempts = p.attempts + 1, due_at = clock_timestamp() + push_backoff(p.attempts + 1), reason = excluded.reason;
END $$;
