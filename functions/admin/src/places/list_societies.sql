-- :q is how a name begins, in any case, or null for all; the page begins behind :after_name, which is in lower case, and
-- :after_id. Who may see all reads one range of an index, others their own societies, which are few.
WITH me AS MATERIALIZED (
    SELECT s AS scope, coalesce(lower(:q::text), '') COLLATE "C" AS least, coalesce(lower(:q), '') || chr(1114111) AS most
      FROM caller_scope(:caller) AS s
), own AS MATERIALIZED (
    SELECT unnest((me.scope).admin_of) AS id FROM me WHERE NOT (me.scope).super_admin
    UNION
    SELECT c.society_id FROM me JOIN blocks b ON b.id = ANY ((me.scope).blocks) JOIN complexes c ON c.id = b.complex_id
     WHERE NOT (me.scope).super_admin
)
SELECT to_jsonb(s) || jsonb_build_object('sorted_by', lower(s.name))
  FROM ((SELECT s.* FROM me, LATERAL (
            SELECT * FROM societies
             WHERE (me.scope).super_admin AND (lower(name) COLLATE "C", id) > (:after_name, :after_id)
               AND lower(name) COLLATE "C" >= me.least AND lower(name) COLLATE "C" < me.most
             ORDER BY lower(name) COLLATE "C", id LIMIT :rows) s)
        UNION ALL
        (SELECT s.* FROM me, own o JOIN societies s ON s.id = o.id
          WHERE (lower(s.name) COLLATE "C", s.id) > (:after_name, :after_id)
            AND lower(s.name) COLLATE "C" >= me.least AND lower(s.name) COLLATE "C" < me.most)) s
 ORDER BY lower(s.name) COLLATE "C", s.id
 LIMIT :rows
