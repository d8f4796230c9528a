-- $1 what came of pushes: [{room, pusher, failed, upto, lagging, answered}], $2 whether the rooms are kept, $3 failures at most
SELECT settled
  FROM jsonb_to_recordset($1) AS p (room text, pusher uuid, failed boolean, upto bigint, lagging jsonb, answered jsonb),
       LATERAL (SELECT CASE WHEN p.answered IS NOT NULL AND NOT note_answered(p.answered) THEN NULL
                            WHEN p.failed THEN jsonb_build_object('dead', fail_push(p.room, p.pusher, $3))
                            ELSE settle_push(p.room, p.pusher, p.upto, p.lagging, $2) END AS settled) s
 WHERE settled IS NOT NULL
