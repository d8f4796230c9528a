-- :visit is the id of the visit that begins; :guard is the one that the body names, or null
SELECT check_in(
    p_user => :caller, p_request => :request, p_trace => :trace, p_method => :method, p_path => :path, p_key => :key, p_payload => :payload,
    p_visitor => :visitor, p_visit => :visit, p_checkin_method => :checkin_method, p_notes => :notes, p_guard => :guard)
