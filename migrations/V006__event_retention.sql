ALTER TABLE policies DROP CONSTRAINT policies_value_check;
ALTER TABLE policies ADD CONSTRAINT policies_value_check CHECK (CASE name
    WHEN 'approval_timeout_seconds' THEN value BETWEEN '10' AND '86400'
    -- A visitor's request is open for a day at most, and kept as long as it is.
    WHEN 'event_retention_hours' THEN value BETWEEN '24' AND '720'
    WHEN 'guest_pass_max_days' THEN value BETWEEN '1' AND '365'
    WHEN 'guest_pass_default_hours' THEN value BETWEEN '1' AND '8760'
    WHEN 'resident_auto_approve' THEN value IN ('true', 'false')
    ELSE false END);

-- The society that a room belongs to.
CREATE FUNCTION room_society(p_room text) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN starts_with(p_room, 'society:') THEN split_part(p_room, ':', 2)::uuid
                ELSE (SELECT society_id FROM places WHERE flat_id = split_part(p_room, ':', 2)::uuid) END
$$;
