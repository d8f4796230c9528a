-- How a user's wish for a flat ended, who does not live there: 'rejected' where the last request was, 'ended' where
-- they lived there before; null where neither is known.
CREATE OR REPLACE FUNCTION wish_that_ended(p_user uuid, p_flat uuid) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN CASE
        WHEN (SELECT status FROM resident_requests WHERE requesting_user_id = p_user AND flat_id = p_flat
               ORDER BY submitted_at DESC, id DESC LIMIT 1) = 'rejected' THEN 'rejected'
        WHEN EXISTS (SELECT FROM flat_occupancies WHERE user_id = p_user AND flat_id = p_flat) THEN 'ended' END;
END $$;
