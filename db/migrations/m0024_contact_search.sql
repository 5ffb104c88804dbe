-- A search in a million contacts (decision 32). The list by name can be walked with the search text at hand, without the table.
drop index contact_name;
create index contact_name on contact(company_id, name_key, id) include (search);

-- One contact in 256, by chance: how many a search will find, before it is begun. db/contacts/search.py says the condition likewise.
create index contact_sample on contact(company_id) include (id, search) where get_byte(uuid_send(id), 15) = 0;

-- A letter in place of the @, or "ho" as the start of a word would meet everybody at hotmail.com: to trigrams a word begins there.
-- What waits to be put into the index is read by every search: less of it than usual.
drop index contact_trgm;
create index contact_trgm on contact using gin (company_id, replace(search, '@', 'q') gin_trgm_ops) with (gin_pending_list_limit = 256);

-- The contacts whose search text is like all patterns. A row-level policy keeps the trigram index from being used, because LIKE is
-- not leakproof: this function filters by company itself and runs as the system role. A condition per pattern, because the index
-- takes no LIKE ALL.
drop function contact_search(text, int);
create function contact_search(patterns text[]) returns setof contact
    language plpgsql stable rows 3000 security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    return query execute (
        select 'select * from contact'
            ' where company_id = nullif(current_setting(''app.company'', true), '''')::uuid and search like all ($1)'
            || string_agg(format(' and replace(search, ''@'', ''q'') like %L', replace(wanted, '@', 'q')), '')
        from unnest(patterns) wanted) using patterns;
end $$;
revoke execute on function contact_search(text[]) from public;
grant execute on function contact_search(text[]) to masteria_app;
grant create on schema public to masteria_system;  -- for the next line only, where the owner is no superuser
alter function contact_search(text[]) owner to masteria_system;
revoke create on schema public from masteria_system;
