SELECT replace_shifts(:caller, :request, :method, :path, :key, :payload, :guard, :list)
