-- ANALYZE read 30,000 rows of `message`, forty columns and what its indexes compute: half a second of a processor with every ten seconds in which
-- something is sent, a fifth of what sending costs. 9,000 rows say the same of it. The largest target of any column decides for all, so that a
-- column that comes later needs this, too (tests/db/messages/test_spared.py).
do $$ declare c record; begin
    for c in select attrelid::regclass as held_by, attname from pg_attribute
             where attrelid in ('message'::regclass, 'attempt'::regclass, 'webhook_inbox'::regclass) and attnum > 0 and not attisdropped and attstattarget is distinct from 0 loop
        execute format('alter table %s alter column %I set statistics 30', c.held_by, c.attname);
    end loop;
    for c in select i.indexrelid::regclass as held_by, a.attnum from pg_index i join pg_attribute a on a.attrelid = i.indexrelid
             where i.indrelid in ('message'::regclass, 'attempt'::regclass) and i.indexprs is not null and i.indkey[a.attnum - 1] = 0 loop
        execute format('alter index %s alter column %s set statistics 30', c.held_by, c.attnum);
    end loop;
end $$;
alter table webhook_inbox alter column body set statistics 0;  -- wide, and asked by nobody
