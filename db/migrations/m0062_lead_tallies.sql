-- Totals of a board under a filter (db/boards/counts.py). Those of each tag of a stage are kept, as the stage's own are; whoever changes
-- them with how many leads a stage has holds the stage's total first.
create table stage_tag_total (  -- kept exact by the triggers of lead; none of tags that no lead has
    company_id uuid not null,
    stage_id uuid not null,
    tag text not null,
    leads int not null,
    value_cents bigint not null,
    primary key (company_id, stage_id, tag),
    foreign key (company_id, stage_id) references stage(company_id, id) on delete cascade
) with (fillfactor = 50);
select protect_table('stage_tag_total', 'select, insert, update, delete');

create or replace function lead_totals_insert() returns trigger language plpgsql as $$ begin
    insert into stage_total(company_id, stage_id, leads, value_cents)
    select company_id, stage_id, count(*), coalesce(sum(value_cents), 0) from fresh group by 1, 2 order by 1, 2
    on conflict (company_id, stage_id) do update
        set leads = stage_total.leads + excluded.leads, value_cents = stage_total.value_cents + excluded.value_cents,
            version = stage_total.version + 1;
    insert into stage_tag_total(company_id, stage_id, tag, leads, value_cents)
    select l.company_id, l.stage_id, t.tag, count(*), coalesce(sum(l.value_cents), 0)
    from fresh l cross join lateral (select distinct tag from unnest(l.tags) tag) t group by 1, 2, 3 order by 1, 2, 3
    on conflict (company_id, stage_id, tag) do update
        set leads = stage_tag_total.leads + excluded.leads, value_cents = stage_tag_total.value_cents + excluded.value_cents;
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
    insert into stage_tag_total(company_id, stage_id, tag, leads, value_cents)
    select m.company_id, m.stage_id, t.tag, sum(m.n), sum(m.v) from (
        select company_id, stage_id, tags, -1 as n, -coalesce(value_cents, 0) as v from stale
        union all
        select company_id, stage_id, tags, 1, coalesce(value_cents, 0) from fresh
    ) m cross join lateral (select distinct tag from unnest(m.tags) tag) t
    group by 1, 2, 3 having sum(m.n) <> 0 or sum(m.v) <> 0 order by 1, 2, 3
    on conflict (company_id, stage_id, tag) do update
        set leads = stage_tag_total.leads + excluded.leads, value_cents = stage_tag_total.value_cents + excluded.value_cents;
    delete from stage_tag_total t using (select company_id, stage_id, unnest(tags) as tag from stale) l
    where t.company_id = l.company_id and t.stage_id = l.stage_id and t.tag = l.tag and t.leads = 0;
    return null;
end $$;

create or replace function lead_totals_delete() returns trigger language plpgsql as $$ begin
    insert into stage_total(company_id, stage_id, leads, value_cents)
    select company_id, stage_id, -count(*), -coalesce(sum(value_cents), 0) from stale group by 1, 2 order by 1, 2
    on conflict (company_id, stage_id) do update
        set leads = stage_total.leads + excluded.leads, value_cents = stage_total.value_cents + excluded.value_cents,
            version = stage_total.version + 1;
    insert into stage_tag_total(company_id, stage_id, tag, leads, value_cents)
    select l.company_id, l.stage_id, t.tag, -count(*), -coalesce(sum(l.value_cents), 0)
    from stale l cross join lateral (select distinct tag from unnest(l.tags) tag) t group by 1, 2, 3 order by 1, 2, 3
    on conflict (company_id, stage_id, tag) do update
        set leads = stage_tag_total.leads + excluded.leads, value_cents = stage_tag_total.value_cents + excluded.value_cents;
    delete from stage_tag_total t using (select company_id, stage_id, unnest(tags) as tag from stale) l
    where t.company_id = l.company_id and t.stage_id = l.stage_id and t.tag = l.tag and t.leads = 0;
    return null;
end $$;

alter table lead no force row level security;
alter table stage_tag_total no force row level security;
insert into stage_tag_total(company_id, stage_id, tag, leads, value_cents)
select l.company_id, l.stage_id, t.tag, count(*), coalesce(sum(l.value_cents), 0)
from lead l cross join lateral (select distinct tag from unnest(l.tags) tag) t group by 1, 2, 3;
alter table lead force row level security;
alter table stage_tag_total force row level security;

-- The same of what has words, else of what has tags and values of fields (`lead_marks`), in each stage of a board, gathered by an index; of
-- at most so many leads together. With words the tag and the values are looked at in what was gathered. Like `lead_search` and `lead_marked`.
create function lead_tally(board uuid, patterns text[], marks text[], tagged text[], own jsonb, most int)
    returns table (stage_id uuid, leads bigint, value_cents bigint)
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp
    set enable_seqscan = off set enable_indexscan = off set enable_indexonlyscan = off as $$
begin
    return query execute (
        'select l.stage_id, count(*), coalesce(sum(l.value_cents), 0)::bigint from (select stage_id, value_cents from lead'
        || ' where company_id = nullif(current_setting(''app.company'', true), '''')::uuid and board_id = $1'
        || coalesce((select string_agg(format(' and search like %L', wanted), '') from unnest(patterns) wanted), '')
        || case when cardinality(patterns) = 0 then ' and lead_marks(tags, custom) @> $2' else ' and tags @> $3 and custom @> $4' end
        || ' limit $5) l group by 1') using board, marks, tagged, own, most;
end $$;
revoke execute on function lead_tally(uuid, text[], text[], text[], jsonb, int) from public;
grant execute on function lead_tally(uuid, text[], text[], text[], jsonb, int) to masteria_app;
grant create on schema public to masteria_system;  -- for the next line only, where the owner is no superuser
alter function lead_tally(uuid, text[], text[], text[], jsonb, int) owner to masteria_system;
revoke create on schema public from masteria_system;
