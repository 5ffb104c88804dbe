-- Numbers that are bought and set up for calls: what was chosen, and how far each step is.
create table phone_setup (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    kind text not null,  -- of the channel that it becomes
    carrier text not null,  -- the kind of the provider that has numbers and trunks
    name text not null,
    sandbox boolean not null,
    access text not null,  -- a SetupAccess
    account_id text not null,  -- at the carrier
    carrier_secret bytea,  -- sealed
    voice_secret bytea,  -- sealed
    trunk_secret bytea,  -- sealed: the password of the trunk, made before anything is asked
    channel_id uuid not null default uuidv7(),
    state text not null default 'choosing',  -- a SetupState
    search jsonb,  -- what was looked for last
    offers jsonb not null default '[]',  -- the numbers that were found, and those of the account
    agents jsonb not null default '[]',  -- who may speak
    searching boolean not null default false,
    searched_at timestamptz,
    failure text,  -- of the search: a SetupFailure
    detail text,  -- the provider's words
    undo_to smallint,  -- while it is taken back: the last position that goes
    number text,  -- what was ordered
    agent_id text,
    price_cents integer,  -- a month, as it was agreed to
    currency text,
    created_at timestamptz not null default now(),
    primary key (company_id, id)
);
select protect_table('phone_setup', 'select, insert, update, delete');

create table phone_setup_step (
    company_id uuid not null,
    setup_id uuid not null,
    position smallint not null,
    step text not null,  -- a SetupStep
    state text not null default 'waiting',  -- a StepState
    ours boolean not null default false,  -- made here, so that undoing deletes it
    ref text,  -- the provider's id of it
    failure text,  -- a SetupFailure
    detail text,
    asked_at timestamptz,  -- when it was last asked for; null: it never was
    epoch integer not null default 0,  -- of the run that may write what came of it
    changed_at timestamptz not null default now(),
    primary key (company_id, setup_id, position),
    foreign key (company_id, setup_id) references phone_setup(company_id, id) on delete cascade
);
select protect_table('phone_setup_step', 'select, insert, update, delete');
