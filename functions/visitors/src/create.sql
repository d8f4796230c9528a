-- When they are expected is an instant (:start_at, :end_at) or what the society's clock shows (:start_clock, :end_clock), or
-- null; :approval_timeout is the policy approval_timeout_seconds where the society has decided nothing
SELECT create_visitor(
    p_user => :caller, p_request => :request, p_trace => :trace, p_method => :method, p_path => :path, p_key => :key, p_payload => :payload,
    p_id => :id, p_flat => :flat, p_name => :name, p_phone => :phone, p_purpose => :purpose, p_vehicle => :vehicle,
    p_id_type => :id_type, p_id_number => :id_number, p_invited_by => :invited_by, p_start => :start_at,
    p_start_clock => :start_clock, p_end => :end_at, p_end_clock => :end_clock, p_timeout_seconds => :approval_timeout)
