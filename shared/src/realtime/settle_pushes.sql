-- What came of pushes, one of each for a room: :failed, or how far it came, :upto, and which connections lag behind;
-- :keep is whether the rooms are kept, :tries the failures at most; :answered names a caller
-- without a key who is about to be answered, or nobody
SELECT settle_pushes(p_rooms => :rooms, p_pushers => :pushers, p_failed => :failed, p_upto => :upto, p_lagging => :lagging,
                     p_keep => :keep, p_max => :tries, p_answered => :answered)
