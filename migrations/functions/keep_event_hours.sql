-- Has the rooms of a society know how long its events are kept, when that is decided; events that are there follow.
CREATE OR REPLACE FUNCTION keep_event_hours() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_society uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.society_id ELSE NEW.society_id END;
    v_hours   integer := policy_number(v_society, 'event_retention_hours', 72);
    v_rooms   text[] := ARRAY(SELECT 'flat:' || flat_id FROM places WHERE society_id = v_society) || ('society:' || v_society);
BEGIN
    UPDATE room_sequences SET event_hours = v_hours WHERE room IN (
        SELECT room FROM room_sequences WHERE room = ANY (v_rooms) ORDER BY room FOR NO KEY UPDATE);
    UPDATE outbox SET expires_at = created_at + make_interval(hours => v_hours) WHERE room = ANY (v_rooms);
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER policies_event_hours AFTER INSERT OR UPDATE ON policies
    FOR EACH ROW WHEN (NEW.name = 'event_retention_hours') EXECUTE FUNCTION keep_event_hours();
CREATE OR REPLACE TRIGGER policies_no_event_hours AFTER DELETE ON policies
    FOR EACH ROW WHEN (OLD.name = 'event_retention_hours') EXECUTE FUNCTION keep_event_hours();
