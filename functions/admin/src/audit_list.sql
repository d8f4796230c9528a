-- Filters are null for all; from and to are instants (:from_at, :to_at) or what the society's clock shows (:from_clock,
-- :to_clock), or null; the page begins behind :before_at and :before_id; :most rows are looked at
SELECT jsonb_build_object(
           'access', CASE WHEN p.allowed THEN 'ok' ELSE 'forbidden' END,
           'rows', CASE WHEN p.allowed THEN audit_list(
               p.id, :action, :resource_type, :resource, :actor, society_time(:from_at, :from_clock, p.timezone),
               society_time(:to_at, :to_clock, p.timezone), :before_at, :before_id, :rows, :most) END)
  FROM (SELECT s.id, s.timezone, me.super_admin OR s.id = ANY (me.admin_of) AS allowed
          FROM caller_scope(:caller) AS me, societies s WHERE s.id = :society AND has_part(me, s.id)) p
