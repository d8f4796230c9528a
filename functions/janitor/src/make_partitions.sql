-- Months without a partition: this one, three ahead, and whatever rows of the default partitions lie in.
WITH months AS (
    SELECT t.name, t.instant, (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead))::date AS month
      FROM (VALUES ('visits', 'checkin_time'), ('audit_logs', 'created_at')) AS t (name, instant), generate_series(0, 3) AS ahead
    UNION
    SELECT 'visits', 'checkin_time', date_trunc('month', checkin_time AT TIME ZONE 'UTC')::date FROM visits_default
    UNION
    SELECT 'audit_logs', 'created_at', date_trunc('month', created_at AT TIME ZONE 'UTC')::date FROM audit_logs_default
)
SELECT jsonb_build_object('table', name, 'column', instant, 'day', month) FROM months
 WHERE to_regclass(month_partition(name, month)) IS NULL
 ORDER BY month, name
