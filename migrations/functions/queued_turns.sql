-- The societies, or with p_society the flats of one, that have messages which were never tried and nobody sends: as many as
-- are asked for, each by its hash, from a random one on. Each costs one descent of the index, however many it has.
CREATE OR REPLACE FUNCTION queued_turns(p_society integer, p_limit integer) RETURNS integer[] LANGUAGE plpgsql VOLATILE
-- With the statistics of an empty queue the planner would read and sort all of it.
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    v_start integer := (random() * 4294967295 - 2147483648)::bigint::integer;
    v_last  bigint  := v_start::bigint - 1;
    v_now   timestamptz := clock_timestamp();
    v_next  integer;
    v_found integer[] := '{}';
    v_again boolean := false;
BEGIN
    WHILE cardinality(v_found) < p_limit LOOP
        IF p_society IS NULL THEN
            SELECT coalesce(uuid_hash(n.society_id), 0) INTO v_next FROM deliveries n
             WHERE n.turn = 'fresh' AND coalesce(uuid_hash(n.society_id), 0) > v_last
               AND (n.leased_until IS NULL OR n.leased_until <= v_now)
             ORDER BY coalesce(uuid_hash(n.society_id), 0) LIMIT 1;
        ELSE
            SELECT coalesce(uuid_hash(n.flat_id), 0) INTO v_next FROM deliveries n
             WHERE n.turn = 'fresh' AND coalesce(uuid_hash(n.society_id), 0) = p_society
               AND coalesce(uuid_hash(n.flat_id), 0) > v_last AND (n.leased_until IS NULL OR n.leased_until <= v_now)
             ORDER BY coalesce(uuid_hash(n.flat_id), 0) LIMIT 1;
        END IF;
        IF v_next IS NULL THEN
            EXIT WHEN v_again;
            v_again := true;
            v_last := -2147483649;
        ELSE
            EXIT WHEN v_again AND v_next >= v_start;
            v_found := v_found || v_next;
            v_last := v_next;
        END IF;
    END LOOP;
    RETURN v_found;
END $$;
