-- A search among a million contacts, second part (decision 32). The dot too is a letter to the trigrams: "maria.silva" is one word with
-- rare pieces ("aws") instead of two that many have, and "co" does not meet everybody at a .com. Values of custom fields stand in the same
-- index, so that a search and a field are looked up together.
drop function contact_search(text[]);
drop index contact_trgm;
create index contact_trgm on contact using gin
    (company_id, replace(replace(search, '@', 'q'), '.', 'w') gin_trgm_ops, custom jsonb_path_ops) with (gin_pending_list_limit = 256);

-- The contacts whose search text is like all patterns and whose custom fields have these values (null: any), with what lists ask of
-- them. `pieces` are patterns that the index is asked for instead of `patterns`, because they are rarer than the rest of them; whatever
-- has the patterns has the pieces. A row-level policy keeps the index from being used, because LIKE is not leakproof: this function
-- filters by company itself and runs as the system role. A condition per piece, because the index takes no LIKE ALL. No other way than
-- the index: the planner takes what many have for rare.
create function contact_search(patterns text[], pieces text[], fields jsonb)
    returns table (id uuid, name_key text, updated_at timestamptz, created_at timestamptz, opted_out_at timestamptz, custom jsonb)
    language plpgsql stable rows 8000 security definer set search_path = pg_catalog, public, pg_temp
    set enable_seqscan = off set enable_indexscan = off set enable_indexonlyscan = off as $$
#variable_conflict use_column
begin
    return query execute
        'select id, name_key, updated_at, created_at, opted_out_at, custom from contact'
        ' where company_id = nullif(current_setting(''app.company'', true), '''')::uuid and search like all ($1)'
        || coalesce((select string_agg(format(' and replace(replace(search, ''@'', ''q''), ''.'', ''w'') like %L',
            replace(replace(piece, '@', 'q'), '.', 'w')), '') from unnest(pieces) piece), '')
        || case when fields is not null then ' and custom @> $2' else '' end
        using patterns, fields;
end $$;
revoke execute on function contact_search(text[], text[], jsonb) from public;
grant execute on function contact_search(text[], text[], jsonb) to masteria_app;
grant create on schema public to masteria_system;  -- for the next line only, where the owner is no superuser
alter function contact_search(text[], text[], jsonb) owner to masteria_system;
revoke create on schema public from masteria_system;
