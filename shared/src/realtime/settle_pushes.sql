-- :pushes is what came of them, [{room, pusher, failed, upto, lagging}], :keep whether the rooms are kept, :tries the
-- failures at most
SELECT settled
  FROM jsonb_to_recordset(:pushes) AS p (room text, pusher uuid, failed boolean, upto bigint, lagging jsonb),
       LATERAL (SELECT CASE WHEN p.failed THEN jsonb_build_object('dead', fail_push(p.room, p.pusher, :tries))
                            ELSE settle_push(p.room, p.pusher, p.upto, p.lagging, :keep) END AS settled) s
 WHERE settled IS NOT NULL
