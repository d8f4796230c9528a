-- What a writing statement answers, as shared::write reads it: `done`, or `refused` with a code and what belongs to it. Without
-- an answer it is refused for p_refusal, by default because somebody was faster.
CREATE OR REPLACE FUNCTION outcome(p_allowed boolean, p_mismatch boolean, p_fresh boolean, p_answer jsonb,
                                   p_refusal jsonb DEFAULT NULL, p_events jsonb DEFAULT NULL,
                                   -- What waits for the dispatcher: a message, or a deadline or step that it would not see in time.
                                   p_queued boolean DEFAULT false, p_soon boolean DEFAULT false)
RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_allowed IS NOT TRUE THEN RETURN '{"refused": {"code": "forbidden"}}'; END IF;
    IF p_mismatch THEN RETURN '{"refused": {"code": "key_reused"}}'; END IF;
    IF p_answer IS NULL THEN
        RETURN jsonb_build_object('refused', coalesce(p_refusal, '{"code": "wrong_state"}') || jsonb_build_object('events', p_events));
    END IF;
    RETURN jsonb_build_object('done', jsonb_build_object(
        'answer', p_answer, 'fresh', coalesce(p_fresh, false), 'events', p_events, 'queued', p_queued, 'soon', p_soon));
END $$;
