-- What is hashed: docs/operations.md has its form. A column that audit_logs gets later stands in it only where it has a
-- value, so that earlier hashes hold.
CREATE OR REPLACE FUNCTION audit_content(
    p_chain uuid, p_seq bigint, p_prev bytea, p_id uuid, p_created_at timestamptz, p_actor uuid, p_action text,
    p_type text, p_resource uuid, p_society uuid, p_request text, p_details jsonb
) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
        'chain', p_chain, 'seq', p_seq, 'prev', encode(p_prev, 'hex'), 'id', p_id,
        'created_at', to_char(p_created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'actor_user_id', p_actor, 'action', p_action, 'resource_type', p_type, 'resource_id', p_resource,
        'society_id', p_society, 'request_id', p_request, 'details', p_details)::text
$$;
