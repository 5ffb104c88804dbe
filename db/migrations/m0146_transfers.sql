-- Calls that are handed to people: who takes them, who wants one, and whose page rings.
create table call_agent (
    company_id uuid not null references company(id),
    user_id uuid not null,
    available boolean not null default false,
    since timestamptz not null default now(),
    phone text collate "C",  -- E.164, where the call is put through
    skills text[] not null default '{}',
    rung_at timestamptz,  -- whose turn it is
    primary key (company_id, user_id)
);
select protect_table('call_agent', 'select, insert, update, delete', 'select, delete');
create function call_agent_leaves() returns trigger language plpgsql as $$
begin
    delete from call_agent where company_id = old.company_id and user_id = old.user_id;
    return null;
end $$;
create trigger call_agent_leaves after delete on membership for each row execute function call_agent_leaves();

create table call_queue (
    company_id uuid primary key references company(id),
    ring_seconds int not null default 20 check (ring_seconds between 5 and 60),
    most_rings int not null default 3 check (most_rings between 1 and 10),  -- people, for one request
    overflow text not null default 'callback'  -- an Overflow: what is offered when nobody takes it
);
select protect_table('call_queue', 'select, insert, update, delete');

create table call_transfer (  -- somebody on the line wants a person
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    key uuid not null,  -- of the question: told twice it is one request
    call_id uuid not null,
    team_id uuid,
    skill text,
    reason text not null,
    summary text not null,
    state text not null default 'waiting' check (state in ('waiting', 'ringing', 'accepted', 'ended')),
    outcome text,  -- a TransferOutcome, once it ended
    user_id uuid,  -- who took it
    requested_at timestamptz not null default now(),
    accepted_at timestamptz,
    ended_at timestamptz,
    owed text,  -- an Overflow: what was offered, and is still to be done
    settled_at timestamptz,
    settled_by uuid,
    primary key (company_id, id)
);
create unique index call_transfer_key on call_transfer(company_id, key);
create unique index call_transfer_open on call_transfer(company_id, call_id) where state <> 'ended';
create index call_transfer_owed on call_transfer(company_id, requested_at, id) where owed is not null and settled_at is null;
create index call_transfer_call on call_transfer(company_id, call_id);
select protect_table('call_transfer', 'select, insert, update, delete');

create table call_ring (  -- one person's page rings for one request: at most once
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    transfer_id uuid not null,
    user_id uuid not null,
    state text not null default 'ringing' check (state in ('ringing', 'accepted', 'refused', 'missed', 'withdrawn')),
    at timestamptz not null default now(),
    until timestamptz not null,
    primary key (company_id, id),
    unique (company_id, transfer_id, user_id),
    foreign key (company_id, transfer_id) references call_transfer(company_id, id) on delete cascade
);
create unique index call_ring_of_transfer on call_ring(company_id, transfer_id) where state = 'ringing';
create unique index call_ring_of_user on call_ring(company_id, user_id) where state = 'ringing';
create index call_ring_until on call_ring(until) where state = 'ringing';
select protect_table('call_ring', app => 'select, insert, update, delete', system => 'select');

create function call_transfer_goes() returns trigger language plpgsql as $$
begin
    delete from call_transfer where company_id = old.company_id and call_id = old.id;
    return null;
end $$;
create trigger call_transfer_goes after delete on call for each row execute function call_transfer_goes();
