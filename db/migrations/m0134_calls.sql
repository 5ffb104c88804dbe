-- Calls by virtual agents. A call is a message of the ledger (or one that came in) and has its id; here stands what only calls have.
create table call (
    company_id uuid not null references company(id),
    id uuid not null,  -- of the message
    channel_id uuid not null,
    provider_call_id text collate "C",
    stage smallint not null default 0,  -- a CallStage; it only rises
    outcome text,  -- a CallOutcome, once it ended
    provider_reason text,  -- the provider's word for it
    started_at timestamptz,  -- somebody, or something, answered
    ended_at timestamptz,
    seconds int,
    summary text,
    sentiment text,  -- positive, neutral, negative
    successful boolean,
    turns_stage smallint,  -- how far the call was when its turns were told
    look_at timestamptz not null default now() + interval '15 minutes',  -- when the provider is asked, unless it tells by itself
    created_at timestamptz not null default now(),
    primary key (company_id, id),
    foreign key (company_id, channel_id) references channel(company_id, id)
);
create index call_channel on call(company_id, channel_id);
create index call_open on call(look_at) where stage < 3;
select protect_table('call', app => 'select, insert, update, delete', system => 'select');

create table call_turn (  -- what was said, in its order
    company_id uuid not null references company(id),
    call_id uuid not null,
    number smallint not null,
    speaker text not null,  -- a CallSpeaker
    body text not null,
    start_ms int,
    end_ms int,
    primary key (company_id, call_id, number),
    foreign key (company_id, call_id) references call(company_id, id) on delete cascade
);
select protect_table('call_turn', 'select, insert, update, delete');
