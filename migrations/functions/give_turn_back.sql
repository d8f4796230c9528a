-- Gives a lease back. A dispatcher that does so looks once more, after this has been committed, so that nobody who found all turns taken is
-- left behind.
CREATE OR REPLACE FUNCTION give_turn_back(p_work text, p_holder uuid) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE dispatcher_turns SET until = '-infinity' WHERE work = p_work AND holder = p_holder;
END $$;
