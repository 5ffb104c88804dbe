-- Undos that began before leads were counted (m0059): how many went and stayed is not known, which is not none.
alter table contact_import_undo alter column leads_removed drop not null, alter column leads_kept drop not null;
do $$
declare t text;
begin
    foreach t in array array['contact_import', 'contact_import_undo'] loop
        execute format('alter table %I no force row level security', t);
    end loop;
    update contact_import_undo u set leads_removed = null, leads_kept = null
    from contact_import i, schema_migration m
    where i.company_id = u.company_id and i.id = u.import_id and i.leads > 0 and m.name = 'm0059_undone_leads.sql' and u.created_at < m.ran_at;
    foreach t in array array['contact_import', 'contact_import_undo'] loop
        execute format('alter table %I force row level security', t);
    end loop;
end $$;
