-- Totals of a stage say which of two is newer: their events may come in another order than their commits.
alter table stage_total add column version bigint not null default 0;
create or replace function lead_totals_insert() returns trigger language plpgsql as $$ begin
    insert into stage_total(company_id, stage_id, leads, value_cents)
    select company_id, stage_id, count(*), coalesce(sum(value_cents), 0) from fresh group by 1, 2 order by 1, 2
    on conflict (company_id, stage_id) do update
        set leads = stage_total.leads + excluded.leads, value_cents = stage_total.value_cents + excluded.value_cents,
            version = stage_total.version + 1;
    return null;
end $$;

create or replace function lead_totals_update() returns trigger language plpgsql as $$ begin
    insert into stage_total(company_id, stage_id, leads, value_cents)
    select company_id, stage_id, sum(n), sum(v) from (
        select company_id, stage_id, -1 as n, -coalesce(value_cents, 0) as v from stale
        union all
        select company_id, stage_id, 1, coalesce(value_cents, 0) from fresh
    ) moves group by 1, 2 having sum(n) <> 0 or sum(v) <> 0 order by 1, 2
    on conflict (company_id, stage_id) do update
        set leads = stage_total.leads + excluded.leads, value_cents = stage_total.value_cents + excluded.value_cents,
            version = stage_total.version + 1;
    return null;
end $$;

create or replace function lead_totals_delete() returns trigger language plpgsql as $$ begin
    insert into stage_total(company_id, stage_id, leads, value_cents)
    select company_id, stage_id, -count(*), -coalesce(sum(value_cents), 0) from stale group by 1, 2 order by 1, 2
    on conflict (company_id, stage_id) do update
        set leads = stage_total.leads + excluded.leads, value_cents = stage_total.value_cents + excluded.value_cents,
            version = stage_total.version + 1;
    return null;
end $$;

-- How many leads of a stage are due when, counted up to a bound.
create index lead_stage_due on lead(company_id, stage_id, due_key);

-- Leads by their tags and own fields: '#vip', 'bairro=Centro'. Like `lead_search`, because @> is not leakproof either.
create function lead_marks(tags text[], custom jsonb) returns text[] language sql immutable parallel safe
    return array(select '#' || t from unnest(tags) t union all select key || '=' || value from jsonb_each_text(custom));
create index lead_marked on lead using gin (company_id, board_id, lead_marks(tags, custom)) with (gin_pending_list_limit = 256);
create function lead_marked(board uuid, marks text[], most int) returns setof uuid
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp
    set enable_seqscan = off set enable_indexscan = off set enable_indexonlyscan = off as $$
begin
    return query select id from lead where company_id = nullif(current_setting('app.company', true), '')::uuid and board_id = board
        and lead_marks(tags, custom) @> marks limit most;
end $$;
revoke execute on function lead_marked(uuid, text[], int) from public;
grant execute on function lead_marked(uuid, text[], int) to masteria_app;
grant create on schema public to masteria_system;  -- for the next line only, where the owner is no superuser
alter function lead_marked(uuid, text[], int) owner to masteria_system;
revoke create on schema public from masteria_system;
