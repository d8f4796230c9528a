-- The epoch and the last event of each of the rooms; a room in which nothing has happened yet has none.
SELECT coalesce(jsonb_agg(jsonb_build_object('room', room, 'epoch', epoch, 'seq', coalesce(seq, 0)) ORDER BY room), '[]')
  FROM room_epoch, unnest(:rooms::text[]) AS room LEFT JOIN room_sequences USING (room)
