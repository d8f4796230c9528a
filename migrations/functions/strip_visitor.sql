-- Removes what identifies a visitor, here and in each of their visits and messages.
CREATE OR REPLACE FUNCTION strip_visitor(v visitors) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE visitors
       SET visitor_name = 'removed', phone = '', id_type = NULL, id_number = NULL, attachment_ids = '{}',
           vehicle_no = NULL, qr_code = NULL, access_code = NULL, idempotency_key = NULL, stripped_at = now(),
           purpose = CASE WHEN lower(purpose) = ANY ('{guest,family,friend,delivery,courier,food,cab,service,maintenance,repair,staff,party}')
                          THEN purpose ELSE 'other' END
     WHERE id = v.id;
    UPDATE visitor_approvals SET note = NULL WHERE visitor_id = v.id AND note IS NOT NULL;
    UPDATE visits
       SET notes = NULL,
           checkin_method = CASE WHEN lower(checkin_method) = ANY ('{manual,qr,qr_code,code,access_code,pass,scan}')
                                 THEN checkin_method ELSE 'other' END
     WHERE flat_id = v.flat_id AND visitor_id = v.id
       -- Between the first and the last one, by the index of the flat.
       AND checkin_time BETWEEN CASE WHEN v.max_entries = 1 THEN v.checkin_time ELSE v.created_at END AND v.checkin_time;
    -- Named are the parts that stay, so that a new one goes.
    UPDATE notifications n
       SET payload = (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(n.payload)
                       WHERE key IN ('type', 'visitor_id', 'flat_id', 'flat_number', 'block_name', 'decision', 'status',
                                     'screen', 'click_action'))
     WHERE visitor_id = v.id AND id >= uuid_v7_at(v.created_at);
    DELETE FROM notification_logs WHERE visitor_id = v.id;
END $$;
