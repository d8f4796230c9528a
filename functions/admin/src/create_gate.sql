SELECT make_gate(:caller, :request, :method, :path, :key, :payload, :id, :society, :name)
