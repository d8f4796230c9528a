-- Whether the user $1 belongs into the room of kind $2 with the id $3.
SELECT to_jsonb(coalesce(CASE $2
    WHEN 'flat' THEN $3 = ANY (me.flats)
    WHEN 'society' THEN $3 = ANY (me.guard_of) OR $3 = ANY (me.admin_of)
        OR me.super_admin AND EXISTS (SELECT FROM societies WHERE id = $3)
END, false))
FROM caller_scope($1) AS me
