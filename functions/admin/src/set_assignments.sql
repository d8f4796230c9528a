SELECT replace_assignments(:caller, :request, :method, :path, :key, :payload, :guard, :list)
