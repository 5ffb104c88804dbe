-- What is counted of messages is counted by their campaign too (metric + 10, dim1: the campaign), so that a campaign has its days; and the
-- messages behind a figure are found by when they were sent, or ended.
create or replace function message_marks(campaign_id uuid, channel_id uuid, author_id uuid, origin text, dedupe_key text, state smallint, reason text,
                              sent_at timestamptz, done_at timestamptz)
    returns table (metric smallint, at timestamptz, dim1 uuid, dim2 smallint) language sql immutable parallel safe as $$
    select v.metric::smallint, date_bin('15 minutes', v.at, '2000-01-01 00:00+00'), v.dim1, v.dim2::smallint from (values
        (7, sent_at, channel_id, case when origin is not null then 3 when dedupe_key like 'ai:%' then 2 when dedupe_key like 'away:%' then 5
            when author_id is not null then 1 else 4 end,
            campaign_id is null and (origin = 'phone_app' or origin is null and state between 3 and 5)),
        (8, sent_at, author_id, 0, campaign_id is null and author_id is not null and origin is null and state between 3 and 5),
        (9, done_at, channel_id, reason_number(reason), origin is null and state = 6),
        (19, done_at, campaign_id, reason_number(reason), campaign_id is not null and origin is null and state = 6)) v(metric, at, dim1, dim2, counts)
    where v.counts and v.at is not null
$$;

create or replace function message_tally_insert() returns trigger language plpgsql as $$ begin
    insert into message_tally(company_id, campaign_id, at, state, delta)
    select company_id, campaign_id, clock_timestamp(), state, count(*) from fresh where campaign_id is not null group by 1, 2, 4;
    insert into stat_delta(company_id, metric, bucket, dim1, dim2, n)
    select m.company_id, f.metric + x.more, f.at, x.dim1, x.dim2, count(*)
    from fresh m cross join lateral message_facts(m.state, m.sent_at, m.replied_at, m.done_at) f
    cross join lateral (values (0, m.channel_id, (m.campaign_id is null)::int), (10, m.campaign_id, 0)) x(more, dim1, dim2)
    where m.origin is null and m.reacts_to is null and (m.state >= 3 or m.replied_at is not null) and x.dim1 is not null group by 1, 2, 3, 4, 5;
    if exists (select from fresh where state between 3 and 6 and (campaign_id is null or state = 6)) then
        insert into stat_delta(company_id, metric, bucket, dim1, dim2, n)
        select m.company_id, f.metric, f.at, f.dim1, f.dim2, count(*) from fresh m
        cross join lateral message_marks(m.campaign_id, m.channel_id, m.author_id, m.origin, m.dedupe_key, m.state, m.reason, m.sent_at, m.done_at) f
        where m.reacts_to is null group by 1, 2, 3, 4, 5;
    end if;
    return null;
end $$;

create or replace function message_tally_update() returns trigger language plpgsql as $$ begin
    with moved as materialized (
        select company_id, campaign_id, channel_id, state, date_bin('15 minutes', sent_at, '2000-01-01 00:00+00') as sent_at,
            date_bin('15 minutes', replied_at, '2000-01-01 00:00+00') as replied_at,
            date_bin('15 minutes', done_at, '2000-01-01 00:00+00') as done_at, sum(d) as n
        from (select company_id, campaign_id, channel_id, state, sent_at, replied_at, done_at, -1 as d from stale where origin is null and reacts_to is null
              union all
              select company_id, campaign_id, channel_id, state, sent_at, replied_at, done_at, 1 from fresh where origin is null and reacts_to is null) m
        group by 1, 2, 3, 4, 5, 6, 7 having sum(d) <> 0
    ), tallies as (
        insert into message_tally(company_id, campaign_id, at, state, delta)
        select company_id, campaign_id, clock_timestamp(), state, sum(n) from (
            select company_id, campaign_id, state, n from moved where campaign_id is not null
            union all
            select company_id, campaign_id, 100::smallint, n from moved where campaign_id is not null and replied_at is not null
        ) t group by 1, 2, 4 having sum(n) <> 0
    )
    insert into stat_delta(company_id, metric, bucket, dim1, dim2, n)
    select m.company_id, f.metric + x.more, f.at, x.dim1, x.dim2, sum(m.n)
    from moved m cross join lateral message_facts(m.state, m.sent_at, m.replied_at, m.done_at) f
    cross join lateral (values (0, m.channel_id, (m.campaign_id is null)::int), (10, m.campaign_id, 0)) x(more, dim1, dim2)
    where x.dim1 is not null group by 1, 2, 3, 4, 5 having sum(m.n) <> 0;
    if exists (select from fresh where campaign_id is null or state = 6) or exists (select from stale where state = 6) then
        insert into stat_delta(company_id, metric, bucket, dim1, dim2, n)
        select m.company_id, f.metric, f.at, f.dim1, f.dim2, sum(m.d) from (
            select company_id, campaign_id, channel_id, author_id, origin, dedupe_key, state, reason, sent_at, done_at, -1 as d from stale
            where (campaign_id is null or state = 6) and reacts_to is null
            union all
            select company_id, campaign_id, channel_id, author_id, origin, dedupe_key, state, reason, sent_at, done_at, 1 from fresh
            where (campaign_id is null or state = 6) and reacts_to is null) m
        cross join lateral message_marks(m.campaign_id, m.channel_id, m.author_id, m.origin, m.dedupe_key, m.state, m.reason, m.sent_at, m.done_at) f
        group by 1, 2, 3, 4, 5 having sum(m.d) <> 0;
    end if;
    return null;
end $$;

create or replace function cost_counted() returns trigger language plpgsql as $$
declare sign int := case when tg_op = 'INSERT' then 1 else -1 end;
begin
    insert into stat_delta(company_id, metric, bucket, dim1, dim2, h, n, sum)
    select k.company_id, x.metric, date_bin('15 minutes', k.at, '2000-01-01 00:00+00'), x.dim1, cost_category(k.category), currency_number(k.currency),
        sign * count(*), sign * sum(k.amount)
    from changed k cross join lateral (values (40, k.channel_id), (41, k.campaign_id)) x(metric, dim1) where x.dim1 is not null group by 1, 2, 3, 4, 5, 6;
    return null;
end $$;

-- `done_at` and `sent_at` stand in other indexes already: a status still touches none.
create index message_ended on message(company_id, done_at, id) where in_trouble;
create index message_sent_nobody on message(company_id, sent_at, id) where contact_id is null and sent_at is not null;
create index message_replied_unsent on message(company_id, replied_at, id) where sent_at is null and replied_at is not null;

do $$ declare t text; begin
    foreach t in array array['message', 'message_cost', 'stat_delta'] loop
        execute format('alter table %I no force row level security', t);
    end loop;
end $$;
insert into stat_delta(company_id, metric, bucket, dim1, dim2, n)
select m.company_id, f.metric + 10, f.at, m.campaign_id, 0, count(*) from message m
cross join lateral message_facts(m.state, m.sent_at, m.replied_at, m.done_at) f
where m.campaign_id is not null and m.origin is null and m.reacts_to is null and (m.state >= 3 or m.replied_at is not null) group by 1, 2, 3, 4;
insert into stat_delta(company_id, metric, bucket, dim1, dim2, n)
select m.company_id, f.metric, f.at, f.dim1, f.dim2, count(*) from message m
cross join lateral message_marks(m.campaign_id, m.channel_id, m.author_id, m.origin, m.dedupe_key, m.state, m.reason, m.sent_at, m.done_at) f
where m.reacts_to is null and m.state = 6 and m.campaign_id is not null and f.metric = 19 group by 1, 2, 3, 4, 5;
insert into stat_delta(company_id, metric, bucket, dim1, dim2, h, n, sum)
select company_id, 41, date_bin('15 minutes', at, '2000-01-01 00:00+00'), campaign_id, cost_category(category), currency_number(currency), count(*), sum(amount)
from message_cost where campaign_id is not null group by 1, 3, 4, 5, 6;
do $$ declare t text; begin
    foreach t in array array['message', 'message_cost', 'stat_delta'] loop
        execute format('alter table %I force row level security', t);
    end loop;
end $$;
