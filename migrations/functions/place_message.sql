-- Notes society and flat of a message where whoever queues it did not.
CREATE OR REPLACE FUNCTION place_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.visitor_id IS NOT NULL THEN
        SELECT v.society_id, v.flat_id INTO NEW.society_id, NEW.flat_id FROM visitors v WHERE v.id = NEW.visitor_id;
    ELSIF starts_with(NEW.room, 'flat:') THEN
        SELECT p.society_id, p.flat_id INTO NEW.society_id, NEW.flat_id
          FROM places p WHERE p.flat_id = split_part(NEW.room, ':', 2)::uuid;
    ELSE
        NEW.society_id := split_part(NEW.room, ':', 2)::uuid;
        NEW.flat_id := (NEW.payload ->> 'flat_id')::uuid;
    END IF;
    RETURN NEW;
END $$;
