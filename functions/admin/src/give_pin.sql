SELECT give_pin(:caller, :request, :method, :path, :key, :payload, :guard, :hash)
