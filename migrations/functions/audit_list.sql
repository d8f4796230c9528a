-- A page of a society's audit, newest first, behind p_before_at and p_before_id: p_rows of those that fit, of the p_most that
-- are looked at. `next` is where the following page begins, null at the end. Filters are null for all.
CREATE OR REPLACE FUNCTION audit_list(p_society uuid, p_action text, p_type text, p_resource uuid, p_actor uuid, p_from timestamptz,
                                      p_to timestamptz, p_before_at timestamptz, p_before_id uuid, p_rows bigint, p_most bigint)
RETURNS jsonb LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    l      record;
    v_at   timestamptz;
    v_id   uuid;
    v_rows jsonb[] := '{}';
    v_seen bigint := 0;
    v_more boolean := false;
BEGIN
    FOR l IN
        SELECT a.id, a.created_at, a.actor_user_id, a.action, a.resource_type, a.resource_id, a.request_id, a.details
          FROM audit_logs a
         WHERE a.society_id = p_society AND a.created_at >= coalesce(p_from, '-infinity') AND a.created_at < coalesce(p_to, 'infinity')
           AND a.created_at <= p_before_at AND (a.created_at, a.id) < (p_before_at, p_before_id)
         ORDER BY a.created_at DESC, a.id DESC LIMIT p_most + 1
    LOOP
        v_more := v_seen >= p_most OR cardinality(v_rows) >= p_rows;
        EXIT WHEN v_more;
        v_seen := v_seen + 1;
        v_at := l.created_at;
        v_id := l.id;
        IF (p_action IS NULL OR l.action = p_action) AND (p_type IS NULL OR l.resource_type = p_type)
           AND (p_resource IS NULL OR l.resource_id = p_resource) AND (p_actor IS NULL OR l.actor_user_id = p_actor) THEN
            v_rows := v_rows || to_jsonb(l);
        END IF;
    END LOOP;
    RETURN jsonb_build_object(
        'rows', (SELECT coalesce(jsonb_agg(r || jsonb_build_object('actor_name', u.name) ORDER BY place), '[]')
                   FROM unnest(v_rows) WITH ORDINALITY AS e (r, place) LEFT JOIN users u ON u.id = (r ->> 'actor_user_id')::uuid),
        'next', CASE WHEN v_more THEN jsonb_build_object('at', v_at, 'id', v_id) END);
END $$;
