SELECT revoke_gate_device(:caller, :request, :method, :path, :key, :payload, :device)
