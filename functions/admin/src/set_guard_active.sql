SELECT set_guard_active(:caller, :request, :method, :path, :key, :payload, :guard, :active)
