-- What is wrong with a text for phones that cannot be said of one field alone; null where nothing is.
CREATE OR REPLACE FUNCTION template_refusal(p_kind text, p_channel text, p_body text, p_dlt text, p_whatsapp text, p_approval text)
RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN CASE
        WHEN p_kind = 'invite' AND p_body LIKE '%{link}%' THEN jsonb_build_object('field', 'body', 'code', 'WRONG_FORMAT',
            'problem', 'must not have {link}, which no invitation has', 'sentence', 'An invitation has no link: its text cannot hold {link}.')
        WHEN p_approval = 'approved' AND p_channel = 'sms' AND p_dlt IS NULL THEN jsonb_build_object('field', 'dlt_template_id',
            'code', 'REQUIRED', 'problem', 'is required where the text is approved',
            'sentence', 'An approved SMS needs the id that its text was registered under (DLT).')
        WHEN p_approval = 'approved' AND p_channel = 'whatsapp' AND p_whatsapp IS NULL THEN jsonb_build_object('field', 'whatsapp_name',
            'code', 'REQUIRED', 'problem', 'is required where the text is approved',
            'sentence', 'An approved WhatsApp text needs the name that WhatsApp knows it by.') END;
END $$;
