-- One batch of a task, at most :rows; answers how many it were
SELECT to_jsonb(CASE :task::text
    WHEN 'strip_visitors' THEN strip_visitors(:rows)
    WHEN 'strip_requests' THEN strip_requests(:rows)
    WHEN 'strip_emergencies' THEN strip_emergencies(:rows)
    WHEN 'forget_keys' THEN forget_keys(:rows)
    WHEN 'forget_events' THEN forget_events(:rows)
    WHEN 'forget_sign_ins' THEN forget_sign_ins(:rows)
    WHEN 'forget_rates' THEN forget_rates(:rows)
    WHEN 'forget_guesses' THEN forget_guesses(:rows)
    WHEN 'forget_runs' THEN forget_runs(:rows)
END)
