-- Whether the user belongs into the room of this kind and id.
SELECT to_jsonb(coalesce(CASE :kind
    WHEN 'flat' THEN :id = ANY (me.flats)
    WHEN 'society' THEN :id = ANY (me.guard_of) OR :id = ANY (me.admin_of)
        OR me.super_admin AND EXISTS (SELECT FROM societies WHERE id = :id)
END, false))
FROM caller_scope(:user) AS me
