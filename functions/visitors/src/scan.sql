-- :qr_code or :access_code; the other is null. :window is that of guesses, in seconds
SELECT scan_pass(:caller, :qr_code, :access_code, make_interval(secs => :window::int4))
