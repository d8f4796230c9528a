-- Why a visitor may not come in now, with what its sentence needs (shared::entry); null where they may.
CREATE OR REPLACE FUNCTION entry_verdict(v visitors, p_accepting boolean) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_code text := entry_refusal(v, p_accepting);
BEGIN
    RETURN jsonb_build_object(
               'code', v_code, 'decided_by', v.decided_by,
               'accepted_hours_ago', CASE v_code WHEN 'ACCEPTANCE_EXPIRED' THEN
                   floor(extract(epoch FROM clock_timestamp() - coalesce(v.accepted_at, v.updated_at)) / 3600)::bigint END);
END $$;
