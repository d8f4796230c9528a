-- The template that a message needs; none where no approved one is there.
CREATE OR REPLACE FUNCTION approved_template(p_kind text, p_channel text) RETURNS message_templates LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT t FROM message_templates t
         WHERE t.kind = p_kind AND t.channel = p_channel AND t.approval = 'approved'
         ORDER BY t.language = 'en' DESC, t.created_at LIMIT 1);
END $$;
