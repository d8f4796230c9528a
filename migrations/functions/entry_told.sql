-- The judge's word, with what its sentence needs (shared::entry).
CREATE OR REPLACE FUNCTION entry_told(v visitors, p_code text, p_now timestamptz) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
               'code', p_code, 'decided_by', v.decided_by,
               'accepted_hours_ago', CASE p_code WHEN 'ACCEPTANCE_EXPIRED' THEN
                   floor(extract(epoch FROM p_now - coalesce(v.accepted_at, v.updated_at)) / 3600)::bigint END)
$$;
