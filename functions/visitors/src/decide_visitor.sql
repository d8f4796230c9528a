-- :flat and :deadline are those of the link
SELECT jsonb_build_object('access', CASE WHEN is_own(me, v) THEN 'ok' ELSE 'forbidden' END,
           'rows', CASE WHEN is_own(me, v) THEN jsonb_build_object(
               'late', l.late,
               'visitor', jsonb_build_object(
                   'visitor_name', v.visitor_name, 'purpose', v.purpose, 'flat_number', p.flat_number,
                   'block_name', p.block_name, 'society_name', p.society_name,
                   -- The next one to act notes that time has decided.
                   'status', CASE WHEN l.late AND v.status = 'pending' THEN 'denied' ELSE v.status END,
                   'approval_deadline', v.approval_deadline)) END)
  FROM caller_scope(:caller) AS me, visitors v JOIN places p ON p.flat_id = v.flat_id,
       LATERAL (SELECT clock_timestamp() >= v.approval_deadline AS late) l
 WHERE v.id = :visitor AND v.flat_id = :flat AND extract(epoch FROM v.approval_deadline)::bigint = :deadline
   AND has_part(me, v.society_id)
