-- The last event of the room $1; a room in which nothing has happened yet has none.
SELECT to_jsonb(seq) FROM room_sequences WHERE room = $1
