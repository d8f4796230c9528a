-- Months without a partition: this one, three ahead, and whatever rows of the default partitions lie in.
CREATE OR REPLACE FUNCTION missing_partitions() RETURNS TABLE (table_name text, day date) LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH months AS (
        SELECT t.name, (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead))::date AS month
          FROM (VALUES ('visits'), ('audit_logs'), ('notifications')) AS t (name), generate_series(0, 3) AS ahead
        UNION
        SELECT 'visits', date_trunc('month', checkin_time AT TIME ZONE 'UTC')::date FROM visits_default
        UNION
        SELECT 'audit_logs', date_trunc('month', created_at AT TIME ZONE 'UTC')::date FROM audit_logs_default
        UNION
        SELECT 'notifications', date_trunc('month', uuid_time(id) AT TIME ZONE 'UTC')::date FROM notifications_default
    )
    SELECT name, month FROM months
     WHERE to_regclass(month_partition(name, month)) IS NULL
       AND (name <> 'notifications' OR month::timestamp AT TIME ZONE 'UTC' >= partition_end('notifications_before'))
     ORDER BY month, name;
END $$;
