SELECT change_guard(:caller, :request, :method, :path, :key, :payload, :guard, :name, :phone, :code, :block)
