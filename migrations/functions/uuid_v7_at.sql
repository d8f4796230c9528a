-- The smallest id that uuid_v7 could make at a time: older rows are found by their key.
CREATE OR REPLACE FUNCTION uuid_v7_at(p_time timestamptz) RETURNS uuid LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (
        SELECT (lpad(to_hex(floor(extract(epoch FROM p_time) * 1000)::bigint), 12, '0') || '7000' || '8000000000000000')::uuid);
END $$;
