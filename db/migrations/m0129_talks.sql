-- What is counted of conversations, of what people wrote, of refusals and of money. A talk is one time that a conversation was open: who
-- comes back opens another one, so what was counted of the first one stays. Triggers keep it in the transaction of the change, and what is
-- counted of it is a function of its row (db/stats): corrected rows correct their figures, and a walk through them counts the same.
alter table conversation
    add column talk_id uuid,  -- the newest one; null: it never was open
    add column asked_at timestamptz,  -- when the person first wrote in this talk
    add column human_reply_at timestamptz;  -- first answer of people: here, on a phone or over the API; `first_reply_at` may be the assistant's

create table talk (
    company_id uuid not null references company(id),
    id uuid not null,
    conversation_id uuid not null,
    channel_id uuid not null,
    team_id uuid,  -- these two as they are, and once it is closed as they were
    assignee_id uuid,
    opened_at timestamptz not null,
    after_at timestamptz,  -- the end of the one before
    asked_at timestamptz,
    assisted_at timestamptz,  -- first answer of the assistant, where it came before people's
    handed_at timestamptz,  -- the assistant asked for people
    human_at timestamptz,
    human_by uuid,  -- null: on a phone, or over the API
    on_phone boolean not null default false,
    closed_at timestamptz,
    primary key (company_id, id)
) with (fillfactor = 80);
create index talk_conversation on talk(company_id, conversation_id);
create index talk_opened on talk(company_id, opened_at, id);
create index talk_closed on talk(company_id, closed_at, id) where closed_at is not null;
create index talk_human on talk(company_id, human_at, id) where human_at is not null;
create index talk_assisted on talk(company_id, assisted_at, id) where assisted_at is not null;
create index talk_handed on talk(company_id, handed_at, id) where handed_at is not null;
select protect_table('talk', 'select, insert, update', 'select');

-- For whom and from when on people had to answer: since they were asked for, or since the person wrote where no assistant answered.
create function talk_human_since(t talk) returns timestamptz language sql immutable parallel safe as $$
    select case when t.handed_at <= t.human_at then t.handed_at when t.assisted_at is null then t.asked_at end
$$;

-- Each counts three times: for its channel, its team and its person (dim2 0, 1, 2; the zero id: none), so every table adds up to the same.
create function talk_facts(t talk) returns table (metric smallint, at timestamptz, dim1 uuid, dim2 smallint, h smallint, seconds bigint)
    language sql immutable parallel safe as $$
    select f.metric::smallint, date_bin('15 minutes', f.at, '2000-01-01 00:00+00'), coalesce(x.id, '00000000-0000-0000-0000-000000000000'),
        x.axis::smallint, case when f.since is null then 0 else width_bucket(ln(greatest(0, extract(epoch from f.at - f.since)) + 1), 0, 15, 60) end::smallint,
        coalesce(greatest(0, extract(epoch from f.at - f.since)), 0)::bigint
    from (values
        (20, t.opened_at, null::timestamptz, true, t.assignee_id),
        (21, t.opened_at, null, t.after_at > t.opened_at - interval '24 hours', t.assignee_id),
        (22, t.assisted_at, t.asked_at, true, null),
        (23, t.human_at, talk_human_since(t), not t.on_phone and talk_human_since(t) is not null, t.human_by),
        (24, t.human_at, talk_human_since(t), t.on_phone and talk_human_since(t) is not null, null),
        (25, t.closed_at, t.opened_at, true, t.assignee_id),
        (26, t.closed_at, t.opened_at, t.assisted_at is not null and t.human_at is null, t.assignee_id),
        (27, t.handed_at, t.asked_at, true, t.assignee_id)) f(metric, at, since, counts, who)
    cross join lateral (values (0, t.channel_id), (1, t.team_id), (2, f.who)) x(axis, id)
    where f.counts and f.at is not null
$$;

create function talk_counted() returns trigger language plpgsql as $$ begin
    insert into stat_delta(company_id, metric, bucket, dim1, dim2, h, n, sum)
    select new.company_id, metric, at, dim1, dim2, h, sum(d), sum(d * seconds) from (
        select f.*, 1 as d from talk_facts(new) f
        union all
        select f.*, -1 from talk_facts(old) f where tg_op = 'UPDATE') moved
    group by 2, 3, 4, 5, 6 having sum(d) <> 0 or sum(d * seconds) <> 0;
    return null;
end $$;
create trigger talk_counted after insert or update on talk for each row execute function talk_counted();

create function conversation_talk() returns trigger language plpgsql as $$ begin
    if new.talk_id is null or (tg_op = 'UPDATE' and new.opened_at > old.opened_at) then
        new.talk_id := uuidv7();
    end if;
    if tg_op = 'INSERT' and new.asked_at is null then
        new.asked_at := new.unanswered_at[1];
    end if;
    return new;
end $$;
create trigger conversation_talk_new before insert on conversation for each row
    when (new.state <> 'closed' or new.closed_at is not null) execute function conversation_talk();
create trigger conversation_talk_again before update on conversation for each row
    when (old.state = 'closed' and new.state <> 'closed' or new.talk_id is null and new.closed_at is not null) execute function conversation_talk();

create function conversation_talk_kept() returns trigger language plpgsql as $$
declare
    ended timestamptz := case when new.state = 'closed' then new.closed_at end;
    human timestamptz := case when new.human_reply_at <= coalesce(ended, 'infinity') then new.human_reply_at end;
    assisted timestamptz := case when new.first_reply_at < coalesce(human, 'infinity') and new.first_reply_at <= coalesce(ended, 'infinity') then new.first_reply_at end;
    before timestamptz;
    was_closed boolean := false;
begin
    if tg_op = 'UPDATE' then
        before := case when old.talk_id is distinct from new.talk_id then old.closed_at end;
        was_closed := old.state = 'closed' and new.state = 'closed';
    end if;
    insert into talk as t (company_id, id, conversation_id, channel_id, team_id, assignee_id, opened_at, after_at, asked_at, assisted_at,
                           human_at, human_by, on_phone, closed_at)
    values (new.company_id, new.talk_id, new.id, new.channel_id, new.team_id, new.assignee_id, new.opened_at, before, new.asked_at, assisted,
            human, case when new.echoed_at >= human then null when human is not null then new.answer_by end, coalesce(new.echoed_at >= human, false), ended)
    on conflict (company_id, id) do update set
        team_id = case when was_closed then t.team_id else excluded.team_id end,
        assignee_id = case when was_closed then t.assignee_id else excluded.assignee_id end,
        opened_at = excluded.opened_at, asked_at = excluded.asked_at, assisted_at = excluded.assisted_at, human_at = excluded.human_at,
        human_by = case when t.human_at is distinct from excluded.human_at then excluded.human_by else t.human_by end,
        on_phone = case when t.human_at is distinct from excluded.human_at then excluded.on_phone else t.on_phone end,
        closed_at = excluded.closed_at;
    return null;
end $$;

-- When the assistant asks for people a line of the thread says so.
create function conversation_handed() returns trigger language plpgsql as $$ begin
    update talk t set handed_at = new.at from conversation v
    where v.company_id = new.company_id and v.id = new.conversation_id and t.company_id = new.company_id and t.id = v.talk_id
        and t.handed_at is null and t.closed_at is null;
    return null;
end $$;
create trigger conversation_handed after insert on conversation_entry for each row when (new.kind = 'handed_over')
    execute function conversation_handed();

-- Of messages: who wrote those that no campaign sent (7: dim2 1 a person, 2 the assistant, 3 on a phone, 4 over the API, 5 by itself), how
-- many each person wrote (8), why some were refused (9: dim2 the reason's number). The sending of campaigns writes nothing of it but refusals.
create function reason_number(reason text) returns smallint language sql immutable parallel safe as $$
    select coalesce(array_position(string_to_array('not_on_whatsapp,invalid_number,own_number,landline,unreachable,opted_out,business_blocked_user,blocked,identity_changed,' ||
        'phone_needed,country_blocked,experiment,marketing_cap,test_recipient,window_closed,template_missing,template_paused,' ||
        'template_disabled,template_parameters,template_policy,template_invalid,template_category,flow_blocked,media,too_long,' ||
        'unsupported,bad_request,token_invalid,permission,payment,account_locked,number_not_registered,display_name,' ||
        'sender_invalid,sender_unregistered,marketing_api,spam_rate,carrier_filtered,quiet_hours,spend_cap,warm_up,pair_rate,' ||
        'throughput,api_rate,queue_full,temporary,network,provider_outage,call_ended,cancelled_by_provider,discarded,' ||
        'unknown_outcome', ','), reason), 0)::smallint
$$;
create function message_marks(campaign_id uuid, channel_id uuid, author_id uuid, origin text, dedupe_key text, state smallint, reason text,
                              sent_at timestamptz, done_at timestamptz)
    returns table (metric smallint, at timestamptz, dim1 uuid, dim2 smallint) language sql immutable parallel safe as $$
    select v.metric::smallint, date_bin('15 minutes', v.at, '2000-01-01 00:00+00'), v.dim1, v.dim2::smallint from (values
        (7, sent_at, channel_id, case when origin is not null then 3 when dedupe_key like 'ai:%' then 2 when dedupe_key like 'away:%' then 5
            when author_id is not null then 1 else 4 end,
            campaign_id is null and (origin = 'phone_app' or origin is null and state between 3 and 5)),
        (8, sent_at, author_id, 0, campaign_id is null and author_id is not null and origin is null and state between 3 and 5),
        (9, done_at, channel_id, reason_number(reason), origin is null and state = 6)) v(metric, at, dim1, dim2, counts)
    where v.counts and v.at is not null
$$;

create or replace function message_tally_insert() returns trigger language plpgsql as $$ begin
    insert into message_tally(company_id, campaign_id, at, state, delta)
    select company_id, campaign_id, clock_timestamp(), state, count(*) from fresh where campaign_id is not null group by 1, 2, 4;
    insert into stat_delta(company_id, metric, bucket, dim1, dim2, n)
    select m.company_id, f.metric, f.at, m.channel_id, (m.campaign_id is null)::int, count(*)
    from fresh m cross join lateral message_facts(m.state, m.sent_at, m.replied_at, m.done_at) f
    where m.origin is null and m.reacts_to is null and (m.state >= 3 or m.replied_at is not null) group by 1, 2, 3, 4, 5;
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
    select m.company_id, f.metric, f.at, m.channel_id, (m.campaign_id is null)::int, sum(m.n)
    from moved m cross join lateral message_facts(m.state, m.sent_at, m.replied_at, m.done_at) f
    group by 1, 2, 3, 4, 5 having sum(m.n) <> 0;
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

-- What people wrote to us, by when they wrote it.
create function inbound_counted() returns trigger language plpgsql as $$ begin
    insert into stat_delta(company_id, metric, bucket, dim1, n)
    select company_id, 30, date_bin('15 minutes', received_at, '2000-01-01 00:00+00'), channel_id, count(*) from fresh
    where origin is null and kind <> all('{preference,reaction,edit,revoke,system}') group by 1, 3, 4;
    return null;
end $$;
create trigger inbound_counted after insert on inbound_message referencing new table as fresh for each statement execute function inbound_counted();

-- What was billed: dim2 the category's number, h the currency's letters as a number to the base of 26 (-1: nobody knew the price).
create function cost_category(category text) returns smallint language sql immutable parallel safe as $$
    select coalesce(array_position('{marketing,utility,authentication,service,sms}'::text[], category), 0)::smallint
$$;
create function currency_number(currency text) returns smallint language sql immutable parallel safe as $$
    select coalesce((ascii(currency) - 65) * 676 + (ascii(substr(currency, 2, 1)) - 65) * 26 + ascii(substr(currency, 3, 1)) - 65, -1)::smallint
$$;
create function cost_counted() returns trigger language plpgsql as $$
declare sign int := case when tg_op = 'INSERT' then 1 else -1 end;
begin
    insert into stat_delta(company_id, metric, bucket, dim1, dim2, h, n, sum)
    select company_id, 40, date_bin('15 minutes', at, '2000-01-01 00:00+00'), channel_id, cost_category(category), currency_number(currency),
        sign * count(*), sign * sum(amount)
    from changed group by 1, 3, 4, 5, 6;
    return null;
end $$;
create trigger cost_counted after insert on message_cost referencing new table as changed for each statement execute function cost_counted();
create trigger cost_taken_back after delete on message_cost referencing old table as changed for each statement execute function cost_counted();

-- The result of comparing kept figures with what they count, once a night.
create table stat_check (
    company_id uuid not null references company(id),
    at timestamptz not null default now(),
    took_ms int not null,
    differences int not null,  -- 0: every figure of every day is right
    primary key (company_id, at)
);
select protect_table('stat_check', 'select', 'select, insert, delete');
select protect_table('message_cost', null, 'select');
grant select (received_at, origin) on inbound_message to masteria_system;

-- What is already there.
do $$ declare t text; begin
    foreach t in array array['conversation', 'talk', 'message', 'inbound_message', 'message_cost', 'stat_delta'] loop
        execute format('alter table %I no force row level security', t);
    end loop;
end $$;
update conversation v set talk_id = uuidv7(), asked_at = s.asked_at, human_reply_at = s.human_at from (
    select k.company_id, k.id,
        (select min(i.received_at) from inbound_message i where i.company_id = k.company_id and i.contact_id = k.contact_id and i.channel_id = k.channel_id
            and i.received_at >= k.opened_at and i.origin is null and i.kind <> all('{preference,reaction,edit,revoke,system}')) as asked_at,
        (select min(coalesce(m.sent_at, m.next_at)) from message m where m.company_id = k.company_id and m.contact_id = k.contact_id
            and m.channel_id = k.channel_id and k.first_reply_at is not null and m.campaign_id is null and m.reacts_to is null and m.state not in (6, 7, 8, 9)
            and m.origin is distinct from 'history' and m.dedupe_key not like 'ai:%' and m.dedupe_key not like 'away:%' and m.dedupe_key not like 'test:%'
            and coalesce(m.sent_at, m.next_at) >= k.first_reply_at) as human_at
    from conversation k where k.state <> 'closed' or k.closed_at is not null) s
where v.company_id = s.company_id and v.id = s.id;
insert into talk(company_id, id, conversation_id, channel_id, team_id, assignee_id, opened_at, asked_at, assisted_at, human_at, human_by, on_phone, closed_at)
select company_id, talk_id, id, channel_id, team_id, assignee_id, opened_at, asked_at,
    case when first_reply_at < coalesce(human_reply_at, 'infinity') - interval '1 minute' then first_reply_at end, human_reply_at,
    case when echoed_at >= human_reply_at then null when human_reply_at is not null then answer_by end, coalesce(echoed_at >= human_reply_at, false),
    case when state = 'closed' then closed_at end
from conversation where talk_id is not null;
insert into stat_delta(company_id, metric, bucket, dim1, dim2, n)
select m.company_id, f.metric, f.at, f.dim1, f.dim2, count(*) from message m
cross join lateral message_marks(m.campaign_id, m.channel_id, m.author_id, m.origin, m.dedupe_key, m.state, m.reason, m.sent_at, m.done_at) f
where m.reacts_to is null and m.state between 3 and 6 and (m.campaign_id is null or m.state = 6) group by 1, 2, 3, 4, 5;
insert into stat_delta(company_id, metric, bucket, dim1, n)
select company_id, 30, date_bin('15 minutes', received_at, '2000-01-01 00:00+00'), channel_id, count(*) from inbound_message
where origin is null and kind <> all('{preference,reaction,edit,revoke,system}') group by 1, 3, 4;
insert into stat_delta(company_id, metric, bucket, dim1, dim2, h, n, sum)
select company_id, 40, date_bin('15 minutes', at, '2000-01-01 00:00+00'), channel_id, cost_category(category), currency_number(currency), count(*), sum(amount)
from message_cost group by 1, 3, 4, 5, 6;
do $$ declare t text; begin
    foreach t in array array['conversation', 'talk', 'message', 'inbound_message', 'message_cost', 'stat_delta'] loop
        execute format('alter table %I force row level security', t);
    end loop;
end $$;

create trigger conversation_talk_kept_new after insert on conversation for each row when (new.talk_id is not null)
    execute function conversation_talk_kept();
create trigger conversation_talk_kept after update on conversation for each row when (new.talk_id is not null and (
    old.talk_id, old.state = 'closed', old.opened_at, old.asked_at, old.first_reply_at, old.human_reply_at, old.closed_at, old.team_id, old.assignee_id)
    is distinct from (new.talk_id, new.state = 'closed', new.opened_at, new.asked_at, new.first_reply_at, new.human_reply_at, new.closed_at, new.team_id,
    new.assignee_id)) execute function conversation_talk_kept();
