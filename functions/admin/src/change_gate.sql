SELECT change_gate(:caller, :request, :method, :path, :key, :payload, :gate, :name, :active)
