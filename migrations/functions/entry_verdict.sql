-- Why a visitor may not come in now, with what its sentence needs (shared::entry); null where they may.
CREATE OR REPLACE FUNCTION entry_verdict(v visitors, p_accepting boolean) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_code text := entry_refusal(v, p_accepting);
    v_now  timestamptz := clock_timestamp();
BEGIN
    RETURN entry_told(v, v_code, v_now);
END $$;
