-- Makes the partition of the month that holds p_day, of a table by a time or by an id that begins with one. Rows that were
-- kept by the default partition because the month was not ready move into it. Safe to call again.
CREATE OR REPLACE FUNCTION make_month_partition(p_table text, p_column text, p_day date) RETURNS boolean LANGUAGE plpgsql
SET lock_timeout = '500ms' AS $$
DECLARE
    month timestamp := date_trunc('month', p_day::timestamp);
    first text := month AT TIME ZONE 'UTC';
    next  text := (month + interval '1 month') AT TIME ZONE 'UTC';
    name  text := month_partition(p_table, p_day);
BEGIN
    IF (SELECT atttypid FROM pg_attribute WHERE attrelid = p_table::regclass AND attname = p_column) = 'uuid'::regtype THEN
        first := uuid_v7_at(first::timestamptz);
        next := uuid_v7_at(next::timestamptz);
    END IF;
    -- In the order in which a writer takes them.
    EXECUTE format('LOCK TABLE ONLY %I IN SHARE UPDATE EXCLUSIVE MODE', p_table);
    IF to_regclass(name) IS NOT NULL THEN RETURN false; END IF;
    -- No row may come into the default partition after those of the month have left it.
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', p_table || '_default');
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name, p_table);
    EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
                   p_table || '_default', p_column, first, p_column, next, name);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                   p_table, name, first, next);
    RETURN true;
END $$;
