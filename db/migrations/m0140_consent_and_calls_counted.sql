-- What is counted of what people asked for, and of calls, like the other figures.
create function consent_facts(e consent_entry) returns table (metric smallint, at timestamptz, dim2 smallint, h smallint) language sql immutable parallel safe as $$
    select 70::smallint, date_bin('15 minutes', e.at, '2000-01-01 00:00+00'), (case when e.category is null then 0 else 2 end + e.allowed::int)::smallint,
        coalesce(array_position('{keyword,provider,person,import,api,list}'::text[], e.source), 0)::smallint
$$;
create function consent_counted() returns trigger language plpgsql as $$
declare sign int := case when tg_op = 'INSERT' then 1 else -1 end;
begin
    insert into stat_delta(company_id, metric, bucket, dim1, dim2, h, n)
    select e.company_id, f.metric, f.at, '00000000-0000-0000-0000-000000000000', f.dim2, f.h, sign * count(*)
    from changed e cross join lateral consent_facts(e::consent_entry) f group by 1, 2, 3, 5, 6;
    return null;
end $$;
create index consent_entry_at on consent_entry(company_id, at, id);

create function call_outcome_number(outcome text) returns smallint language sql immutable parallel safe as $$
    select coalesce(array_position('{answered,transferred,callback_wanted,opted_out,voicemail,menu,no_answer,busy,refused,wrong_number,blocked,no_line,no_credit,cancelled,fault}'::text[],
        outcome), 0)::smallint
$$;
-- 80: calls by how they ended (0: not over); 81: those in which a person spoke, with their length.
create function call_facts(c call) returns table (metric smallint, happened timestamptz, at timestamptz, dim2 smallint, h smallint, seconds bigint)
    language sql immutable parallel safe as $$
    select f.metric::smallint, c.created_at, date_bin('15 minutes', c.created_at, '2000-01-01 00:00+00'), f.dim2::smallint, f.h::smallint, f.seconds::bigint
    from (
        select 80 as metric, call_outcome_number(c.outcome) as dim2, 0 as h, 0 as seconds
        union all
        select 81, 0, width_bucket(ln(greatest(0, coalesce(c.seconds, 0)) + 1), 0, 18, 72), greatest(0, coalesce(c.seconds, 0))
        where call_outcome_number(c.outcome) between 1 and 4) f
$$;
create function call_counted() returns trigger language plpgsql as $$ begin
    insert into stat_delta(company_id, metric, bucket, dim1, dim2, h, n, sum)
    select company_id, metric, at, channel_id, dim2, h, sum(d), sum(d * seconds) from (
        select new.company_id, new.channel_id, f.*, 1 as d from call_facts(new) f where tg_op <> 'DELETE'
        union all
        select old.company_id, old.channel_id, f.*, -1 from call_facts(old) f where tg_op <> 'INSERT') moved
    group by 1, 2, 3, 4, 5, 6 having sum(d) <> 0 or sum(d * seconds) <> 0;
    return null;
end $$;
create index call_at on call(company_id, created_at, id);

create index lead_proposal_made on lead_proposal(company_id, created_at);
create index lead_stay_began on lead_stay(company_id, entered_at) where began;
select protect_table('consent_entry', null, 'select');

do $$ declare t text; begin
    foreach t in array array['consent_entry', 'call', 'stat_delta'] loop
        execute format('alter table %I no force row level security', t);
    end loop;
end $$;
insert into stat_delta(company_id, metric, bucket, dim1, dim2, h, n)
select e.company_id, f.metric, f.at, '00000000-0000-0000-0000-000000000000', f.dim2, f.h, count(*) from consent_entry e cross join lateral consent_facts(e) f
group by 1, 2, 3, 5, 6;
insert into stat_delta(company_id, metric, bucket, dim1, dim2, h, n, sum)
select c.company_id, f.metric, f.at, c.channel_id, f.dim2, f.h, count(*), sum(f.seconds) from call c cross join lateral call_facts(c) f group by 1, 2, 3, 4, 5, 6;
do $$ declare t text; begin
    foreach t in array array['consent_entry', 'call', 'stat_delta'] loop
        execute format('alter table %I force row level security', t);
    end loop;
end $$;

create trigger consent_counted after insert on consent_entry referencing new table as changed for each statement execute function consent_counted();
create trigger consent_uncounted after delete on consent_entry referencing old table as changed for each statement execute function consent_counted();
create trigger call_counted after insert or update or delete on call for each row execute function call_counted();
