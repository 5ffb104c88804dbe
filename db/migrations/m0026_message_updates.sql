-- A status (delivered, read) changes no indexed column any more: its update stays on the page and touches no index, if there is room.
-- An index's condition counts as its columns do, so no condition may name `state`, which every status changes.
drop index message_queue, message_lease, message_trouble;
alter table message
    add column queued boolean not null generated always as (state = 0) stored,
    add column in_trouble boolean not null generated always as (state in (6, 7, 8)) stored;
alter table message set (fillfactor = 60);
create index message_queue on message(queue_id, next_at) where queued;
create index message_lease on message(lease_until) where lease_until is not null;
create index message_trouble on message(campaign_id, id) where in_trouble;

-- The same figures from one walk through the changed rows: they are added up first, by what decides where they count.
create or replace function message_tally_update() returns trigger language plpgsql as $$ begin
    with moved as materialized (
        select company_id, campaign_id, channel_id, state, date_bin('15 minutes', sent_at, '2000-01-01 00:00+00') as sent_at,
            date_bin('15 minutes', replied_at, '2000-01-01 00:00+00') as replied_at,
            date_bin('15 minutes', done_at, '2000-01-01 00:00+00') as done_at, sum(d) as n
        from (select company_id, campaign_id, channel_id, state, sent_at, replied_at, done_at, -1 as d from stale
              union all
              select company_id, campaign_id, channel_id, state, sent_at, replied_at, done_at, 1 from fresh) m
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
    select m.company_id, f.metric, f.at, m.channel_id, (m.campaign_id is null)::int, sum(m.n)
    from moved m cross join lateral message_facts(m.state, m.sent_at, m.replied_at, m.done_at) f
    group by 1, 2, 3, 4, 5 having sum(m.n) <> 0;
    return null;
end $$;
