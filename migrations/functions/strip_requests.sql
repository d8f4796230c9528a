-- Removes papers and notes from requests for a flat that ended a year ago; answers how many.
CREATE OR REPLACE FUNCTION strip_requests(p_rows integer) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    ended uuid[];
BEGIN
    ended := ARRAY(
        SELECT id FROM resident_requests
         WHERE processed_at < now() - interval '1 year'
           AND (docs <> '[]' OR note IS NOT NULL OR processed_note IS NOT NULL)
         LIMIT p_rows
           FOR NO KEY UPDATE SKIP LOCKED);
    UPDATE resident_requests SET docs = '[]', note = NULL, processed_note = NULL WHERE id = ANY (ended);
    UPDATE resident_request_approvals SET note = NULL WHERE request_id = ANY (ended) AND note IS NOT NULL;
    RETURN cardinality(ended);
END $$;
