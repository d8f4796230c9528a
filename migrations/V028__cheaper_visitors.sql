-- What a visitor's row is asked at each write and need not be (docs/decisions/057-what-a-statement-sets-up.md).

-- Who acts was read when the request came, and no user is ever removed.
ALTER TABLE visitors DROP CONSTRAINT visitors_created_by_fkey;
ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_user_id_fkey;
-- The function check_visitor says the same from here on (docs/decisions/058-rows-are-checked-by-a-trigger.md).
ALTER TABLE visitors DROP CONSTRAINT visitors_decided_by_check, DROP CONSTRAINT visitors_entries_check,
    DROP CONSTRAINT visitors_inside_check, DROP CONSTRAINT visitors_left_check,
    DROP CONSTRAINT visitors_number_of_people_check, DROP CONSTRAINT visitors_visit_check, DROP CONSTRAINT visitors_window_check;
