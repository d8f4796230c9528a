-- Lets a user live where a claim says so of the number that they have verified. A token that brings it asks, so once an hour
-- for each phone.
CREATE OR REPLACE FUNCTION fulfil_claims(p_user uuid, p_phone text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    c         resident_claims;
    v_settled jsonb;
BEGIN
    FOR c IN SELECT * FROM resident_claims WHERE phone = p_phone ORDER BY flat_id LOOP
        v_settled := settle_user(p_user, c.flat_id, c.occupancy_role, c.source, c.created_by, NULL, NULL);
        -- Nobody pushes what signing in has told: the next event of the room wakes the dispatcher, which pushes both.
        UPDATE room_sequences SET pusher = NULL, pusher_until = NULL
         WHERE room = v_settled #>> '{event,room}' AND pusher = (v_settled #>> '{event,id}')::uuid;
        UPDATE users SET name = c.name, updated_at = now() WHERE id = p_user AND name IS NULL AND c.name IS NOT NULL;
        DELETE FROM resident_claims WHERE id = c.id;
    END LOOP;
END $$;
