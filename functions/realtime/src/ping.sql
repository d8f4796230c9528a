-- The last event of each of the rooms; a room in which nothing has happened yet has none.
SELECT coalesce(jsonb_agg(jsonb_build_object('room', room, 'seq', coalesce(seq, 0)) ORDER BY room), '[]')
  FROM unnest(:rooms::text[]) AS room LEFT JOIN room_sequences USING (room)
