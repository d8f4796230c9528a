-- :hash is that of the PIN to begin with
SELECT make_guard(:caller, :request, :method, :path, :key, :payload, :id, :guard_user, :society, :name, :phone, :code, :block, :hash)
