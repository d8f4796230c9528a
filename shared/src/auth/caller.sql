-- Who is calling, by Firebase's id of them (:uid, and what else the token says) or by ours (:user, as a decision link names
-- them): creates the user on first sight, counts the request, notes each token once, and reads the live roles. Safe to send
-- twice: a repeat only counts once more. :token is its digest, :window the seconds of one, :kind that of the user's count,
-- :for_address whether it counts for the :address, :arrived whether a connection of the address waits no longer
SELECT c FROM caller(:uid, :phone, :email, :name, :picture, :token, :issued_at, :expires_at, :user, :address, :window, :kind,
                     :for_address, :arrived) AS c
 WHERE c IS NOT NULL
