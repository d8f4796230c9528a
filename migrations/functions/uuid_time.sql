-- When an id of uuid_v7 was made, to the millisecond.
CREATE OR REPLACE FUNCTION uuid_time(p_id uuid) RETURNS timestamptz LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN to_timestamp(('x' || left(translate(p_id::text, '-', ''), 12))::bit(48)::bigint / 1000.0);
END $$;
