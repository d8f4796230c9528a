-- Has guards told soon how far the questions about these visitors have come: now, or a second after they were told last
-- (`tell_due_delivery`). No room is locked.
CREATE OR REPLACE FUNCTION put_off_telling(p_visitors uuid[]) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    INSERT INTO delivery_tellings AS t (visitor_id, society_id, told_at, due_at)
    SELECT v.id, v.society_id, '-infinity', clock_timestamp() FROM visitors v WHERE v.id = ANY (p_visitors) ORDER BY v.id
    ON CONFLICT (visitor_id) DO UPDATE
       SET due_at = coalesce(t.due_at, greatest(clock_timestamp(), t.told_at + interval '1 second'));
END $$;
