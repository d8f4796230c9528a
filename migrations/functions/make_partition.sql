-- Makes one of them; answers whether it was still missing. It looks at no default partition before it has the lock that
-- comes first, or two of these would wait for each other.
CREATE OR REPLACE FUNCTION make_partition(p_table text, p_day date) RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
    month  date := date_trunc('month', p_day);
    wanted boolean := month - date_trunc('month', now() AT TIME ZONE 'UTC')::date BETWEEN 0 AND 93;
BEGIN
    IF p_table = 'visits' THEN
        LOCK TABLE ONLY visits IN SHARE UPDATE EXCLUSIVE MODE;
        IF wanted OR EXISTS (SELECT FROM visits_default WHERE date_trunc('month', checkin_time AT TIME ZONE 'UTC') = month) THEN
            RETURN make_month_partition('visits', 'checkin_time', month);
        END IF;
    ELSIF p_table = 'audit_logs' THEN
        LOCK TABLE ONLY audit_logs IN SHARE UPDATE EXCLUSIVE MODE;
        IF wanted OR EXISTS (SELECT FROM audit_logs_default WHERE date_trunc('month', created_at AT TIME ZONE 'UTC') = month) THEN
            RETURN make_month_partition('audit_logs', 'created_at', month);
        END IF;
    ELSIF p_table = 'notifications' THEN
        LOCK TABLE ONLY notifications IN SHARE UPDATE EXCLUSIVE MODE;
        IF month::timestamp AT TIME ZONE 'UTC' >= partition_end('notifications_before')
           AND (wanted OR EXISTS (SELECT FROM notifications_default WHERE date_trunc('month', uuid_time(id) AT TIME ZONE 'UTC') = month)) THEN
            RETURN make_month_partition('notifications', 'id', month);
        END IF;
    END IF;
    RETURN false;
END $$;
