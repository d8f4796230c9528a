-- Whether the last word about a visitor is this one, of this person: then they repeat themselves. It is read anew after
-- the visitor's lock was waited for, so the second of two taps finds what the first one said.
CREATE OR REPLACE FUNCTION is_last_word(p_visitor uuid, p_user uuid, p_decided_by text, p_decision text) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN coalesce((
        SELECT (a.user_id, a.decided_by, a.decision) = (p_user, p_decided_by, p_decision)
          -- By id, which is of the moment of writing; `created_at` is of the beginning, before the lock was waited for.
          FROM visitor_approvals a WHERE a.visitor_id = p_visitor ORDER BY a.id DESC LIMIT 1), false);
END $$;
