-- What is counted of leads. A stay is one time that a lead stood in a stage; triggers of `lead` keep it in the transaction of the change, and
-- what is counted of it is a function of its row (`lead_facts`), like that of talks. A move that is taken back takes its stay away again.
create table stage_ever (  -- stages, also those that are gone: their figures stay
    company_id uuid not null references company(id),
    stage_id uuid not null,
    board_id uuid not null,
    number smallint not null,  -- on its board, from 1; it stands for the stage in figures of pairs
    name text not null,
    kind text not null,
    gone boolean not null default false,
    primary key (company_id, stage_id),
    unique (company_id, board_id, number)
);
select protect_table('stage_ever', 'select, insert, update', 'select, insert, update');

create function stage_kept() returns trigger language plpgsql as $$ begin
    if tg_op = 'DELETE' then
        update stage_ever set gone = true where company_id = old.company_id and stage_id = old.id;
    elsif tg_op = 'UPDATE' then
        update stage_ever set name = new.name, kind = new.kind where company_id = new.company_id and stage_id = new.id;
    else
        perform pg_advisory_xact_lock(hashtextextended(new.board_id::text, 0));
        insert into stage_ever(company_id, stage_id, board_id, number, name, kind)
        select new.company_id, new.id, new.board_id, coalesce(max(number), 0) + 1, new.name, new.kind
        from stage_ever where company_id = new.company_id and board_id = new.board_id;
    end if;
    return null;
end $$;

create table lead_stay (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),  -- those of a lead in their order
    lead_id uuid not null,
    board_id uuid not null,
    stage_id uuid not null,
    number smallint not null,  -- of the stage
    entered_at timestamptz not null,
    left_at timestamptz,
    began boolean not null default false,  -- with it the lead came onto the board
    again boolean not null default false,  -- it had stood in this stage before
    origins uuid[] not null default '{}',  -- stages in which it stood before and from which it had not come here yet
    origins_at timestamptz[] not null default '{}',  -- when it first came into each of them
    value_cents bigint not null default 0,  -- these two as they are, and once it left as they were
    reason text,  -- why it was lost
    primary key (company_id, id)
) with (fillfactor = 80);
create index lead_stay_lead on lead_stay(company_id, lead_id, id);
create index lead_stay_board on lead_stay(company_id, board_id, entered_at);
create index lead_stay_left on lead_stay(company_id, board_id, left_at) where left_at is not null;
select protect_table('lead_stay', 'select, insert, update, delete', 'select');

create function lead_bin(since timestamptz, until timestamptz) returns smallint language sql immutable parallel safe
    return width_bucket(ln(greatest(0, extract(epoch from until - since)) + 1), 0, 18, 72)::smallint;

-- `amount`: cents, or seconds where `h` is a bin of the time it took. `happened`: the moment itself, `at`: its quarter of an hour.
create function lead_facts(s lead_stay) returns table (metric smallint, happened timestamptz, at timestamptz, dim1 uuid, dim2 smallint, h smallint, amount bigint)
    language sql immutable parallel safe as $$
    select f.metric::smallint, f.at, date_bin('15 minutes', f.at, '2000-01-01 00:00+00'), f.dim1, f.dim2::smallint,
        case when f.since is null then 0 else lead_bin(f.since, f.until) end::smallint,
        case when f.since is null then f.amount else greatest(0, extract(epoch from f.until - f.since))::bigint end
    from (
        select 50 as metric, s.entered_at as at, s.board_id as dim1, 0 as dim2, s.value_cents as amount, null::timestamptz as since, null::timestamptz as until
            where s.began
        union all select 51, s.entered_at, s.stage_id, 0, s.value_cents, null, null
        union all select 52, s.left_at, s.stage_id, 0, 0, s.entered_at, s.left_at where s.left_at is not null
        union all select 53, s.entered_at, s.stage_id, 0, 0, null, null where not s.again
        union all select 54, o.at, o.stage_id, s.number, 0, o.at, s.entered_at from unnest(s.origins, s.origins_at) o(stage_id, at)) f
$$;

create function lead_stay_counted() returns trigger language plpgsql as $$ begin
    if tg_op = 'INSERT' then
        insert into stat_delta(company_id, metric, bucket, dim1, dim2, h, n, sum)
        select s.company_id, f.metric, f.at, f.dim1, f.dim2, f.h, count(*), sum(f.amount) from fresh s cross join lateral lead_facts(s::lead_stay) f
        group by 1, 2, 3, 4, 5, 6;
    elsif tg_op = 'DELETE' then
        insert into stat_delta(company_id, metric, bucket, dim1, dim2, h, n, sum)
        select s.company_id, f.metric, f.at, f.dim1, f.dim2, f.h, -count(*), -sum(f.amount) from stale s cross join lateral lead_facts(s::lead_stay) f
        group by 1, 2, 3, 4, 5, 6;
    else
        insert into stat_delta(company_id, metric, bucket, dim1, dim2, h, n, sum)
        select company_id, metric, at, dim1, dim2, h, sum(d), sum(d * amount) from (
            select s.company_id, f.*, 1 as d from fresh s cross join lateral lead_facts(s::lead_stay) f
            union all
            select s.company_id, f.*, -1 from stale s cross join lateral lead_facts(s::lead_stay) f) moved
        group by 1, 2, 3, 4, 5, 6 having sum(d) <> 0 or sum(d * amount) <> 0;
    end if;
    return null;
end $$;

create function lead_began() returns trigger language plpgsql as $$ begin
    insert into lead_stay(company_id, lead_id, board_id, stage_id, number, entered_at, began, value_cents, reason)
    select l.company_id, l.id, l.board_id, l.stage_id, e.number, l.stage_since, true, coalesce(l.value_cents, 0), l.lost_reason
    from fresh l join stage_ever e on e.company_id = l.company_id and e.stage_id = l.stage_id;
    return null;
end $$;

create function lead_stands() returns trigger language plpgsql as $$
declare
    newest lead_stay;
    earlier lead_stay;
    came timestamptz := greatest(new.stage_since, old.stage_since);
begin
    if new.stage_id = old.stage_id then
        update lead_stay set value_cents = coalesce(new.value_cents, 0), reason = new.lost_reason
        where company_id = new.company_id and lead_id = new.id and left_at is null;
        return null;
    end if;
    if new.stage_since < old.stage_since then  -- a move is taken back
        select * into newest from lead_stay where company_id = new.company_id and lead_id = new.id order by id desc limit 1;
        select * into earlier from lead_stay where company_id = new.company_id and lead_id = new.id order by id desc limit 1 offset 1;
        if newest.stage_id = old.stage_id and earlier.stage_id = new.stage_id then
            delete from lead_stay where company_id = new.company_id and id = newest.id;
            update lead_stay set left_at = null, value_cents = coalesce(new.value_cents, 0), reason = new.lost_reason
            where company_id = new.company_id and id = earlier.id;
            return null;
        end if;
        came := now();
    end if;
    update lead_stay set left_at = greatest(came, entered_at) where company_id = new.company_id and lead_id = new.id and left_at is null;
    insert into lead_stay(company_id, lead_id, board_id, stage_id, number, entered_at, began, again, origins, origins_at, value_cents, reason)
    select new.company_id, new.id, new.board_id, new.stage_id, e.number, came, new.board_id <> old.board_id, x.again, x.origins, x.origins_at,
        coalesce(new.value_cents, 0), new.lost_reason
    from stage_ever e cross join (
        with stays as (
            select distinct on (stage_id) stage_id, id, entered_at from lead_stay
            where company_id = new.company_id and lead_id = new.id and board_id = new.board_id order by stage_id, id
        ), due as (
            select s.stage_id, s.entered_at from stays s where s.stage_id <> new.stage_id and not exists (
                select from lead_stay b where b.company_id = new.company_id and b.lead_id = new.id and b.stage_id = new.stage_id and b.id > s.id)
        )
        select exists (select from stays where stage_id = new.stage_id) as again, array(select stage_id from due order by stage_id) as origins,
            array(select entered_at from due order by stage_id) as origins_at) x
    where e.company_id = new.company_id and e.stage_id = new.stage_id;
    return null;
end $$;

-- What is already there: from the history of each lead, as far as it goes back.
do $$ declare t text; begin
    foreach t in array array['stage', 'stage_ever', 'lead', 'lead_change', 'lead_stay', 'stat_delta'] loop
        execute format('alter table %I no force row level security', t);
    end loop;
end $$;
insert into stage_ever(company_id, stage_id, board_id, number, name, kind)
select company_id, id, board_id, row_number() over (partition by company_id, board_id order by id), name, kind from stage;
insert into stage_ever(company_id, stage_id, board_id, number, name, kind, gone)
select company_id, stage_id, board_id,
    row_number() over (partition by company_id, board_id order by stage_id)
        + coalesce((select max(e.number) from stage_ever e where e.company_id = g.company_id and e.board_id = g.board_id), 0), name, 'open', true
from (
    select distinct on (c.company_id, x.stage_id) c.company_id, x.stage_id, l.board_id, x.name
    from lead_change c join lead l on l.company_id = c.company_id and l.id = c.lead_id
    cross join lateral (values (c.from_stage_id, c.from_stage), (c.to_stage_id, c.to_stage)) x(stage_id, name)
    where x.stage_id is not null and not exists (select from stage_ever e where e.company_id = c.company_id and e.stage_id = x.stage_id)
    order by c.company_id, x.stage_id, c.id desc) g;
create temporary table known on commit drop as
with moves as (
    select c.company_id, c.lead_id, c.at, c.id, c.from_stage_id, c.to_stage_id from lead_change c
    where c.kind in ('moved', 'moved_back') and c.to_stage_id is not null and c.from_stage_id is not null
), first as (
    select distinct on (company_id, lead_id) company_id, lead_id, from_stage_id from moves order by company_id, lead_id, id
), steps as (
    select l.company_id, l.id as lead_id, l.created_at as at, null::uuid as change_id, coalesce(f.from_stage_id, l.stage_id) as stage_id
    from lead l left join first f on f.company_id = l.company_id and f.lead_id = l.id
    union all
    select company_id, lead_id, at, id, to_stage_id from moves
)
select company_id, lead_id, stage_id, at, row_number() over each as k, lead(at) over each as left_at
from steps window each as (partition by company_id, lead_id order by change_id nulls first);
create index on known(company_id, lead_id, stage_id, k);
analyze known;
insert into lead_stay(company_id, lead_id, board_id, stage_id, number, entered_at, left_at, began, again, origins, origins_at, value_cents, reason)
select s.company_id, s.lead_id, l.board_id, s.stage_id, e.number, s.at, s.left_at, s.k = 1,
    exists (select from known x where x.company_id = s.company_id and x.lead_id = s.lead_id and x.stage_id = s.stage_id and x.k < s.k),
    coalesce(o.origins, '{}'), coalesce(o.origins_at, '{}'), coalesce(l.value_cents, 0), case when s.left_at is null then l.lost_reason end
from known s join lead l on l.company_id = s.company_id and l.id = s.lead_id
join stage_ever e on e.company_id = s.company_id and e.stage_id = s.stage_id and e.board_id = l.board_id
left join lateral (
    select array_agg(f.stage_id order by f.stage_id) as origins, array_agg(f.at order by f.stage_id) as origins_at from (
        select distinct on (x.stage_id) x.stage_id, x.at, x.k from known x
        where x.company_id = s.company_id and x.lead_id = s.lead_id and x.k < s.k and x.stage_id <> s.stage_id order by x.stage_id, x.k) f
    where not exists (select from known b where b.company_id = s.company_id and b.lead_id = s.lead_id and b.stage_id = s.stage_id and b.k > f.k and b.k < s.k)) o on true
order by s.company_id, s.lead_id, s.k;
insert into stat_delta(company_id, metric, bucket, dim1, dim2, h, n, sum)
select s.company_id, f.metric, f.at, f.dim1, f.dim2, f.h, count(*), sum(f.amount) from lead_stay s cross join lateral lead_facts(s) f group by 1, 2, 3, 4, 5, 6;
do $$ declare t text; begin
    foreach t in array array['stage', 'stage_ever', 'lead', 'lead_change', 'lead_stay', 'stat_delta'] loop
        execute format('alter table %I force row level security', t);
    end loop;
end $$;

create trigger stage_kept_new after insert on stage for each row execute function stage_kept();
create trigger stage_kept_change after update on stage for each row when ((old.name, old.kind) is distinct from (new.name, new.kind)) execute function stage_kept();
create trigger stage_kept_gone after delete on stage for each row execute function stage_kept();
create trigger lead_began after insert on lead referencing new table as fresh for each statement execute function lead_began();
create trigger lead_stands after update on lead for each row when (
    (old.stage_id, old.value_cents, old.lost_reason) is distinct from (new.stage_id, new.value_cents, new.lost_reason)) execute function lead_stands();
create trigger lead_stay_new after insert on lead_stay referencing new table as fresh for each statement execute function lead_stay_counted();
create trigger lead_stay_change after update on lead_stay referencing old table as stale new table as fresh
    for each statement execute function lead_stay_counted();
create trigger lead_stay_gone after delete on lead_stay referencing old table as stale for each statement execute function lead_stay_counted();
