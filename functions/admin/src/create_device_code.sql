-- :code is the digest
SELECT make_device_code(:caller, :request, :method, :path, :key, :payload, :id, :gate, :code)
