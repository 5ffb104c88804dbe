-- Leads that an ad brought are told to the ad's network: what the company wants told, and what came of each. Who clicked stands in the conversation alone.
create table conversion_setting (
    company_id uuid primary key references company(id),
    active boolean not null default false,
    dataset_id text not null default '',
    consent text not null default 'said_yes',  -- a ConversionConsent
    leads boolean not null default true,
    won boolean not null default true,
    worth boolean not null default false,  -- tells what a lead that was won is worth
    since timestamptz,  -- what happened before is not told
    version integer not null default 1
);
select protect_table('conversion_setting', 'select, insert, update');

create table conversion (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),  -- the event's id, by which the network knows a doubled one
    lead_id uuid not null,
    kind text not null,  -- a ConversionKind
    happened_at timestamptz not null,
    state text not null default 'waiting',  -- a ConversionState
    reason text,  -- a ConversionReason
    detail text,  -- the network's words
    first_try_at timestamptz,
    ended_at timestamptz,
    primary key (company_id, id),
    unique (company_id, lead_id, kind)
);
select protect_table('conversion', 'select, insert, update');
