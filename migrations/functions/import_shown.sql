-- An import as its admins see it.
CREATE OR REPLACE FUNCTION import_shown(i csv_imports) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('id', i.id, 'society_id', i.society_id, 'flats_made', i.flats_made, 'residents', i.rows_total,
                              'residents_done', i.rows_done, 'residents_new', i.rows_fresh, 'finished', i.finished_at IS NOT NULL,
                              'created_at', i.created_at, 'finished_at', i.finished_at)
$$;
