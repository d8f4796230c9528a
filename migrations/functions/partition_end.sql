-- Where the time of a partition ends; -infinity where there is none of this name.
CREATE OR REPLACE FUNCTION partition_end(p_partition text) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_end text := (SELECT substring(pg_get_expr(relpartbound, oid) FROM ' TO \(''([^'']+)''\)') FROM pg_class
                    WHERE oid = to_regclass(p_partition));
BEGIN
    RETURN CASE WHEN v_end IS NULL THEN '-infinity' WHEN length(v_end) = 36 THEN uuid_time(v_end::uuid) ELSE v_end::timestamptz END;
END $$;
