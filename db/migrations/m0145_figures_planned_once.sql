-- Figures are added up from what a statement has changed and from nothing else: one plan is good for any amount, and programs ask for a new one each time
-- otherwise (db/engine.py). Planning took as long as adding up the messages of a slice, and more for a single one. Without sorting where rows are
-- many: a first call with one row would choose it for all.
do $$ declare f text; begin
    foreach f in array array['message_tally_insert', 'message_tally_update', 'inbound_counted', 'cost_counted', 'talk_counted'] loop
        execute format('alter function %I() set plan_cache_mode = force_generic_plan', f);
        execute format('alter function %I() set enable_sort = off', f);
    end loop;
end $$;
