-- Reactions to one message (db/messages/reactions.py): those of ours name it by its provider's id, as those of people do in
-- `context_provider_id`. Both are found by it where the message is shown. They are messages of the ledger, and no figure counts them.
alter table message add column reacts_to text;
create index message_reaction on message(company_id, reacts_to) where reacts_to is not null;
create index inbound_message_reaction on inbound_message(company_id, context_provider_id) where kind = 'reaction';
alter table message no force row level security;
update message set reacts_to = content->>'target_id' where origin is not null and content->>'kind' = 'reaction';
alter table message force row level security;

create or replace function message_tally_insert() returns trigger language plpgsql as $$ begin
    insert into message_tally(company_id, campaign_id, at, state, delta)
    select company_id, campaign_id, clock_timestamp(), state, count(*) from fresh where campaign_id is not null group by 1, 2, 4;
    insert into stat_delta(company_id, metric, bucket, dim1, dim2, n)
    select m.company_id, f.metric, f.at, m.channel_id, (m.campaign_id is null)::int, count(*)
    from fresh m cross join lateral message_facts(m.state, m.sent_at, m.replied_at, m.done_at) f
    where m.origin is null and m.reacts_to is null and (m.state >= 3 or m.replied_at is not null) group by 1, 2, 3, 4, 5;
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
    select m.company_id, f.metric, f.at, m.channel_id, (m.campaign_id is null)::int, sum(m.n)
    from moved m cross join lateral message_facts(m.state, m.sent_at, m.replied_at, m.done_at) f
    group by 1, 2, 3, 4, 5 having sum(m.n) <> 0;
    return null;
end $$;
