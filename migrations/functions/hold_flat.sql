-- Holds a flat until the transaction ends, for a statement that lets somebody in. The row of its room stands for it: who comes
-- to live there is told to the room, which locks it anyway. The user's row comes before it, here and everywhere.
CREATE OR REPLACE FUNCTION hold_flat(p_flat uuid) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM enter_room('flat:' || p_flat);
    INSERT INTO room_sequences (room, seq) VALUES ('flat:' || p_flat, 0) ON CONFLICT DO NOTHING;
    PERFORM FROM room_sequences WHERE room = 'flat:' || p_flat FOR UPDATE;
END $$;
