-- What is counted: deltas written in the transaction of the change, folded into hours (UTC; quarters where the company's zone needs
-- them) and days (the company's own) by db/stats/fold.py. A figure is the roll-up plus the deltas that wait, so it is right at once.
create table stat_delta (
    company_id uuid not null,
    metric smallint not null,  -- db/stats/metrics.py
    bucket timestamptz not null,  -- begin of a quarter of an hour
    dim1 uuid not null,
    dim2 smallint not null default 0,
    h smallint not null default 0,  -- bin of a histogram of durations
    n int not null,
    sum bigint not null default 0
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
create index stat_delta_company on stat_delta(company_id, metric, bucket);
select protect_table('stat_delta', 'select, insert', 'select, insert, update, delete');

create table stat_hour (
    company_id uuid not null,
    metric smallint not null,
    bucket timestamptz not null,
    dim1 uuid not null,
    dim2 smallint not null,
    h smallint not null,
    n bigint not null,
    sum bigint not null,
    primary key (company_id, metric, bucket, dim1, dim2, h)
) with (fillfactor = 80);
select protect_table('stat_hour', 'select', 'select, insert, update, delete');

create table stat_day (
    company_id uuid not null,
    metric smallint not null,
    day date not null,
    dim1 uuid not null,
    dim2 smallint not null,
    h smallint not null,
    n bigint not null,
    sum bigint not null,
    primary key (company_id, metric, day, dim1, dim2, h)
) with (fillfactor = 80);
select protect_table('stat_day', 'select, insert, delete', 'select, insert, update, delete');

-- A message counts in the quarter in which it was sent, or ended without being sent: of those sent on a day so many were delivered,
-- read, answered. It is taken out again when it fails after all, or goes back into the queue.
create function message_facts(state smallint, sent_at timestamptz, replied_at timestamptz, done_at timestamptz)
    returns table (metric smallint, at timestamptz) language sql immutable parallel safe as $$
    select v.metric, date_bin('15 minutes', v.at, '2000-01-01 00:00+00') from (values
        (1::smallint, sent_at, state between 3 and 5),
        (2::smallint, sent_at, state in (4, 5)),
        (3::smallint, sent_at, state = 5),
        (4::smallint, coalesce(sent_at, replied_at), replied_at is not null),
        (5::smallint, done_at, state = 6),
        (6::smallint, done_at, state = 7)) v(metric, at, counts) where v.counts and v.at is not null
$$;

create or replace function message_tally_insert() returns trigger language plpgsql as $$ begin
    insert into message_tally(company_id, campaign_id, at, state, delta)
    select company_id, campaign_id, clock_timestamp(), state, count(*) from fresh where campaign_id is not null group by 1, 2, 4;
    insert into stat_delta(company_id, metric, bucket, dim1, dim2, n)
    select m.company_id, f.metric, f.at, m.channel_id, (m.campaign_id is null)::int, count(*)
    from fresh m cross join lateral message_facts(m.state, m.sent_at, m.replied_at, m.done_at) f
    where m.state >= 3 or m.replied_at is not null group by 1, 2, 3, 4, 5;
    return null;
end $$;

create or replace function message_tally_update() returns trigger language plpgsql as $$ begin
    insert into message_tally(company_id, campaign_id, at, state, delta)
    select company_id, campaign_id, clock_timestamp(), state, sum(d) from (
        select company_id, campaign_id, state, -1 as d from stale where campaign_id is not null
        union all
        select company_id, campaign_id, state, 1 from fresh where campaign_id is not null
        union all
        select company_id, campaign_id, 100::smallint, -1 from stale where campaign_id is not null and replied_at is not null
        union all
        select company_id, campaign_id, 100::smallint, 1 from fresh where campaign_id is not null and replied_at is not null
    ) moves group by 1, 2, 4 having sum(d) <> 0;
    insert into stat_delta(company_id, metric, bucket, dim1, dim2, n)
    select m.company_id, f.metric, f.at, m.channel_id, (m.campaign_id is null)::int, sum(m.d) from (
        select company_id, channel_id, campaign_id, state, sent_at, replied_at, done_at, -1 as d from stale where state >= 3 or replied_at is not null
        union all
        select company_id, channel_id, campaign_id, state, sent_at, replied_at, done_at, 1 from fresh where state >= 3 or replied_at is not null
    ) m cross join lateral message_facts(m.state, m.sent_at, m.replied_at, m.done_at) f
    group by 1, 2, 3, 4, 5 having sum(m.d) <> 0;
    return null;
end $$;

-- What is already there.
alter table message no force row level security;
alter table campaign no force row level security;
alter table message_tally no force row level security;
alter table stat_delta no force row level security;
insert into stat_delta(company_id, metric, bucket, dim1, dim2, n)
select m.company_id, f.metric, f.at, m.channel_id, (m.campaign_id is null)::int, count(*)
from message m cross join lateral message_facts(m.state, m.sent_at, m.replied_at, m.done_at) f where m.state >= 3 or m.replied_at is not null group by 1, 2, 3, 4, 5;

-- Everyone who was to get the message when the audience was made; it stays the same to the end.
alter table campaign add column audience_size int;
alter table campaign add column tally_width int;  -- seconds; set once the tallies of an ended campaign are compacted
update campaign k set audience_size = t.n from (
    select company_id, campaign_id, sum(delta) filter (where state <> 100 and (state <> 8 or at > first + interval '100 ms'))::int as n
    from (select *, min(at) filter (where state in (0, 8) and delta > 0) over (partition by company_id, campaign_id) as first
          from message_tally) x group by 1, 2) t
where t.company_id = k.company_id and t.campaign_id = k.id and k.launched_at is not null;
alter table message force row level security;
alter table campaign force row level security;
alter table message_tally force row level security;
alter table stat_delta force row level security;
