SELECT unlock_guard(:caller, :request, :method, :path, :key, :payload, :guard)
