-- Tells of several emergencies that are resolved: [{id, flat_id, society_id}]. The flats' rooms come first, in order,
-- so that no two statements wait for each other.
CREATE OR REPLACE FUNCTION tell_resolved(p_emergencies jsonb, p_actor uuid, p_request text, p_trace text)
RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_room      text;
    v_emergency uuid;
    v_events    jsonb := '[]';
BEGIN
    FOR v_room, v_emergency IN
        SELECT r.room, e.id FROM jsonb_to_recordset(p_emergencies) AS e (id uuid, flat_id uuid, society_id uuid),
               unnest(ARRAY['flat:' || e.flat_id, 'society:' || e.society_id]) AS r (room)
         ORDER BY r.room COLLATE "C", e.id
    LOOP
        v_events := v_events || emit(v_room, 'emergency_updated', jsonb_build_object(
            'emergency_id', v_emergency, 'status', 'resolved', 'resolved_at', rfc3339(now())), p_actor, p_request, p_trace);
    END LOOP;
    RETURN v_events;
END $$;
