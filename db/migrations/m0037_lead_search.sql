-- Leads by words (db/boards/listing.py): few are gathered by the trigrams, many are met soon on a walk through the list.
create index lead_trgm on lead using gin (company_id, search gin_trgm_ops) with (gin_pending_list_limit = 256);

-- At most so many leads of a board whose search text is like all patterns. A row-level policy keeps the trigram index from being used,
-- because LIKE is not leakproof: this function filters by company itself and runs as the system role.
select protect_table('lead', null, 'select');
create function lead_search(board uuid, patterns text[], most int) returns setof uuid
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    return query execute (
        select 'select id from lead where company_id = nullif(current_setting(''app.company'', true), '''')::uuid and board_id = $1'
            || string_agg(format(' and search like %L', wanted), '') || ' limit $2'
        from unnest(patterns) wanted) using board, most;
end $$;
revoke execute on function lead_search(uuid, text[], int) from public;
grant execute on function lead_search(uuid, text[], int) to masteria_app;
grant create on schema public to masteria_system;  -- for the next line only, where the owner is no superuser
alter function lead_search(uuid, text[], int) owner to masteria_system;
revoke create on schema public from masteria_system;
