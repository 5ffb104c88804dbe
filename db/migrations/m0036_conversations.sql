-- What is worked on with one person over one channel. What was said stays where it is, in the ledger and among the messages that came in;
-- a conversation says who cares for it, what nobody has read or answered, and which message is the newest.
create table team (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    name text not null,
    strategy text not null default 'manual',  -- an AssignmentStrategy
    created_at timestamptz not null default now(),
    primary key (company_id, id)
);
create unique index team_name on team(company_id, fold(name));
select protect_table('team', app => 'select, insert, update, delete');

create table team_member (
    company_id uuid not null,
    team_id uuid not null,
    user_id uuid not null,
    assigned_at timestamptz,  -- a conversation was last given to them by turns
    primary key (company_id, team_id, user_id),
    foreign key (company_id, team_id) references team(company_id, id) on delete cascade
);
create index team_member_user on team_member(company_id, user_id);
select protect_table('team_member', app => 'select, insert, update, delete');

-- Conversations of this channel that nobody has a team for go to this one.
create table team_channel (
    company_id uuid not null,
    channel_id uuid not null,
    team_id uuid not null,
    primary key (company_id, channel_id),
    foreign key (company_id, team_id) references team(company_id, id) on delete cascade
);
create index team_channel_team on team_channel(company_id, team_id);
select protect_table('team_channel', app => 'select, insert, update, delete');

-- Messages that came in and wait: `unread_at` by when they came in at the provider, until somebody reads; `unanswered_at` until somebody
-- answers. Times and not a number, because an answer that was written on a phone may be told before the message that it answers.
create table conversation (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    contact_id uuid not null,
    channel_id uuid not null,
    address text not null,  -- the person's, of the newest message
    state text not null default 'open',  -- a ConversationState
    priority text not null default 'none',  -- a Priority
    assignee_id uuid,
    team_id uuid,
    snoozed_until timestamptz,
    unread_at timestamptz[] not null default '{}',
    unanswered_at timestamptz[] not null default '{}',  -- sorted
    unread smallint not null generated always as (cardinality(unread_at)) stored,
    waiting_since timestamptz generated always as (unanswered_at[1]) stored,
    last_at timestamptz not null,
    last_id uuid,  -- of message or inbound_message; null: nothing was said yet
    last_inbound_at timestamptz,
    echoed_at timestamptz,  -- the newest message that our people wrote on a phone
    answer_id uuid,  -- the answer that was recorded last, for who answers at the same moment
    answer_by uuid,  -- who wrote it; null: a phone or an API key
    opened_at timestamptz not null,
    first_reply_at timestamptz,
    closed_at timestamptz,  -- when it was last closed by hand
    first_touch jsonb,  -- {at, campaign_id} or {at, referral}
    last_touch jsonb,
    version int not null default 1,
    created_at timestamptz not null default now(),
    primary key (company_id, id),
    unique (company_id, contact_id, channel_id),
    foreign key (company_id, team_id) references team(company_id, id) on delete set null (team_id),
    check (state in ('open', 'snoozed', 'closed')),
    check ((state = 'snoozed') = (snoozed_until is not null))
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
create index conversation_last on conversation(company_id, last_at, id);
create index conversation_state on conversation(company_id, state, last_at, id);
create index conversation_channel on conversation(company_id, channel_id, last_at, id);
create index conversation_team on conversation(company_id, team_id, last_at, id) where team_id is not null;
create index conversation_assignee on conversation(company_id, assignee_id, last_at, id) where assignee_id is not null;
create index conversation_mine on conversation(company_id, assignee_id, last_at, id) where state = 'open' and assignee_id is not null;
create index conversation_unassigned on conversation(company_id, last_at, id) where state = 'open' and assignee_id is null;
create index conversation_unread on conversation(company_id, last_at, id) where unread > 0;
create index conversation_snoozed on conversation(snoozed_until) where state = 'snoozed';
select protect_table('conversation', app => 'select, insert, update, delete', system => 'select');

-- What stands between the messages: notes of colleagues, and lines that say what was done with the conversation.
create table conversation_entry (
    company_id uuid not null,
    id uuid not null default uuidv7(),
    conversation_id uuid not null,
    at timestamptz not null default clock_timestamp(),
    kind text not null,  -- note, or a LineKind
    by_id uuid,  -- who; null: an API key, or the program
    whom_id uuid,  -- to whom it was assigned
    what text,  -- the name of a team, label or priority
    body text,  -- of a note
    mentions uuid[] not null default '{}',
    primary key (company_id, id),
    foreign key (company_id, conversation_id) references conversation(company_id, id) on delete cascade
);
create index conversation_entry_thread on conversation_entry(company_id, conversation_id, at, id);
select protect_table('conversation_entry', app => 'select, insert, update (conversation_id), delete');

create table label (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    name text not null,
    color text not null,  -- #rrggbb
    created_at timestamptz not null default now(),
    primary key (company_id, id)
);
create unique index label_name on label(company_id, fold(name));
select protect_table('label', app => 'select, insert, update, delete');

create table conversation_label (
    company_id uuid not null,
    label_id uuid not null,
    conversation_id uuid not null,
    primary key (company_id, label_id, conversation_id),
    foreign key (company_id, label_id) references label(company_id, id) on delete cascade,
    foreign key (company_id, conversation_id) references conversation(company_id, id) on delete cascade
);
create index conversation_label_conversation on conversation_label(company_id, conversation_id);
select protect_table('conversation_label', app => 'select, insert, delete');

create table quick_reply (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    shortcut text not null,
    body text not null,
    created_at timestamptz not null default now(),
    primary key (company_id, id)
);
create unique index quick_reply_shortcut on quick_reply(company_id, shortcut);
select protect_table('quick_reply', app => 'select, insert, update, delete');

-- The conversations that a company's messages make, where there is none yet: of those who wrote, and of whom we answered; not of whom a
-- campaign only wrote to. What is older than a day is past and closed; younger is open, and waits while nothing answered it.
-- `people`: only these contacts; null: all.
create function make_conversations(company uuid, people uuid[]) returns bigint
    language sql set search_path = pg_catalog, public, pg_temp as $$
    with heard as (
        select contact_id, channel_id, max(received_at) as last_inbound_at, min(received_at) as first_at,
            max(received_at) filter (where origin is null) as live_at
        from inbound_message where company_id = company and contact_id is not null and (people is null or contact_id = any(people))
            and kind <> all('{preference,reaction,edit,revoke,system}')
        group by 1, 2
    ), said as (
        select contact_id, channel_id, max(at) as last_at, min(at) as first_at, max(at) filter (where origin is distinct from 'history') as answered_at,
            max(at) filter (where origin = 'phone_app') as echoed_at
        from (select contact_id, channel_id, origin,
                  case when sent_at is not null then sent_at when done_at is not null then done_at else next_at end as at
              from message where company_id = company and contact_id is not null and campaign_id is null
                  and (people is null or contact_id = any(people)) and dedupe_key not like 'test:%') m
        group by 1, 2
    ), both_ways as (
        select coalesce(h.contact_id, s.contact_id) as contact_id, coalesce(h.channel_id, s.channel_id) as channel_id,
            h.last_inbound_at, h.live_at, s.answered_at, s.echoed_at, least(h.first_at, s.first_at) as first_at
        from heard h full join said s on s.contact_id = h.contact_id and s.channel_id = h.channel_id
    ), made as (
        insert into conversation(company_id, contact_id, channel_id, address, state, unanswered_at, unread_at, last_at, last_id,
                                 last_inbound_at, echoed_at, opened_at)
        select company, b.contact_id, b.channel_id, l.address,
            case when b.live_at > now() - interval '1 day' then 'open' else 'closed' end, w.times, w.times, l.at, l.id,
            b.last_inbound_at, b.echoed_at, b.first_at
        from both_ways b
        join contact c on c.company_id = company and c.id = b.contact_id
        cross join lateral (
            (select id, address, case when sent_at is not null then sent_at when done_at is not null then done_at else next_at end as at
             from message m where m.company_id = company and m.contact_id = b.contact_id and m.channel_id = b.channel_id
                 and m.campaign_id is null and m.dedupe_key not like 'test:%' order by at desc, id desc limit 1)
            union all
            (select id, address, received_at as at from inbound_message i where i.company_id = company and i.contact_id = b.contact_id
                 and i.channel_id = b.channel_id and i.kind <> all('{preference,reaction,edit,revoke,system}')
             order by received_at desc, id desc limit 1)
            order by at desc, id desc limit 1) l
        cross join lateral (
            select coalesce(array_agg(t.received_at order by t.received_at), '{}') as times from (
                select received_at from inbound_message i where i.company_id = company and i.contact_id = b.contact_id
                    and i.channel_id = b.channel_id and i.kind <> all('{preference,reaction,edit,revoke,system}') and i.origin is null
                    and b.live_at > now() - interval '1 day' and received_at > now() - interval '1 day'
                    and received_at > coalesce(b.answered_at, '-infinity') limit 999) t) w
        on conflict do nothing
        returning 1
    )
    select count(*) from made
$$;
revoke execute on function make_conversations(uuid, uuid[]) from public;
grant execute on function make_conversations(uuid, uuid[]) to masteria_app;

do $$
declare t text; company uuid;
begin
    foreach t in array array['message', 'inbound_message', 'contact', 'conversation'] loop
        execute format('alter table %I no force row level security', t);
    end loop;
    for company in select id from company loop
        perform make_conversations(company, null);
    end loop;
    foreach t in array array['message', 'inbound_message', 'contact', 'conversation'] loop
        execute format('alter table %I force row level security', t);
    end loop;
end $$;
