-- What partners keep with leads and campaigns, as with contacts; and all three found by one key of it.
alter table lead add column external_id text collate "C", add column metadata jsonb not null default '{}';
create unique index lead_external on lead(company_id, external_id) where external_id is not null;
alter table campaign add column external_id text collate "C", add column metadata jsonb not null default '{}';
create unique index campaign_external on campaign(company_id, external_id) where external_id is not null;

-- 'loja=centro' of each key. Like `lead_marked`, because @> is not leakproof; campaigns are few and need no index.
create function metadata_marks(metadata jsonb) returns text[] language sql immutable parallel safe
    return array(select key || '=' || value from jsonb_each_text(metadata));
create index contact_metadata on contact using gin (company_id, metadata_marks(metadata)) with (gin_pending_list_limit = 256)
    where metadata <> '{}';
create index lead_metadata on lead using gin (company_id, metadata_marks(metadata)) with (gin_pending_list_limit = 256)
    where metadata <> '{}';
create function contact_kept(marks text[]) returns setof uuid
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp
    set enable_seqscan = off set enable_indexscan = off set enable_indexonlyscan = off as $$
begin
    return query select id from contact where company_id = nullif(current_setting('app.company', true), '')::uuid
        and metadata <> '{}' and metadata_marks(metadata) @> marks;
end $$;
create function lead_kept(marks text[]) returns setof uuid
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp
    set enable_seqscan = off set enable_indexscan = off set enable_indexonlyscan = off as $$
begin
    return query select id from lead where company_id = nullif(current_setting('app.company', true), '')::uuid
        and metadata <> '{}' and metadata_marks(metadata) @> marks;
end $$;
revoke execute on function contact_kept(text[]), lead_kept(text[]) from public;
grant execute on function contact_kept(text[]), lead_kept(text[]) to masteria_app;
grant create on schema public to masteria_system;  -- for the next lines only, where the owner is no superuser
alter function contact_kept(text[]) owner to masteria_system;
alter function lead_kept(text[]) owner to masteria_system;
revoke create on schema public from masteria_system;
