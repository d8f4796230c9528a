-- What holds of every visitor, for all who write them. As CHECKs PostgreSQL would read it anew from its text at each write; the
-- plan of a function is kept (docs/decisions/058-rows-are-checked-by-a-trigger.md).
CREATE OR REPLACE FUNCTION check_visitor() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_broken text;
BEGIN
    v_broken := CASE
        WHEN NEW.decided_by NOT IN ('resident', 'guard', 'timeout') THEN 'visitors_decided_by_check'
        WHEN NEW.max_entries NOT BETWEEN 1 AND 100 OR NEW.entries NOT BETWEEN 0 AND NEW.max_entries THEN 'visitors_entries_check'
        WHEN NEW.status IN ('checked_in', 'checked_out') AND NEW.visit_id IS NULL THEN 'visitors_inside_check'
        WHEN NEW.status = 'checked_out' AND NEW.checkout_time IS NULL THEN 'visitors_left_check'
        WHEN NEW.number_of_people NOT BETWEEN 1 AND 50 THEN 'visitors_number_of_people_check'
        WHEN (NEW.visit_id IS NULL) <> (NEW.checkin_time IS NULL) THEN 'visitors_visit_check'
        WHEN NEW.expected_end <= NEW.expected_start THEN 'visitors_window_check' END;
    IF v_broken IS NOT NULL THEN
        RAISE check_violation USING MESSAGE = 'a visitor violates ' || v_broken, CONSTRAINT = v_broken, TABLE = 'visitors';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER visitors_check BEFORE INSERT OR UPDATE ON visitors FOR EACH ROW EXECUTE FUNCTION check_visitor();
