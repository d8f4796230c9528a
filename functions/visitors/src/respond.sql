-- :decision is accept or deny; :link_flat and :link_deadline are those of a decision link, null from an app; :withdrawal is
-- whether a pass is withdrawn, which admins may, too
SELECT respond_to_visitor(
    p_user => :caller, p_request => :request, p_trace => :trace, p_method => :method, p_path => :path, p_key => :key, p_payload => :payload,
    p_visitor => :visitor, p_decision => :decision, p_note => :note, p_flat => :link_flat, p_deadline => :link_deadline,
    p_withdrawal => :withdrawal)
