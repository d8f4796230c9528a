-- A society is set up through the API: its places, its steps of escalation and its templates are added and changed by the
-- functions. What is decided (`policies`) and what was granted is changed by functions of the owner alone, which say so in
-- the audit (docs/decisions/072-set-up-through-the-api.md).

GRANT INSERT ON societies, complexes, blocks, flats, escalation_steps, message_templates TO society360_functions;
GRANT UPDATE (name, slug, city, address, timezone) ON societies TO society360_functions;
GRANT UPDATE (name) ON complexes, blocks TO society360_functions;
GRANT UPDATE (flat_number, unit_type, bhk, square_feet, parking_slots, is_active) ON flats TO society360_functions;
GRANT DELETE ON escalation_steps TO society360_functions;
GRANT UPDATE (body, dlt_template_id, whatsapp_name, approval, updated_at) ON message_templates TO society360_functions;

-- Super admins look for a society by the beginning of its name.
CREATE INDEX societies_name_idx ON societies ((lower(name) COLLATE "C"), id);
