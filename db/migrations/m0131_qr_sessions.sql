-- Numbers connected by scanning a code (db/qr): one session of each, held by one gateway at a time.
create table qr_session (
    company_id uuid not null references company(id),
    id uuid not null,  -- the channel's
    state text not null default 'new'
        check (state in ('new', 'pairing', 'open', 'reconnecting', 'replaced', 'restricted', 'banned', 'logged_out', 'outdated')),
    reason text,  -- a CloseReason: why it is not open
    epoch int not null default 0,  -- fencing token, +1 with every claim: keys and news of an older one are refused
    lease_owner text,
    lease_until timestamptz,
    next_at timestamptz not null default now(),  -- not started before; 'infinity': only when a person asks for it
    failures int not null default 0,  -- closed again and again without having been open
    replaced_at timestamptz,  -- when another program last opened it
    until timestamptz,  -- of a ban, where it is told
    restricted_until timestamptz,  -- nobody may be written to first; it outlives a connection
    code bytea,  -- sealed: what the phone scans or types in, while it is good
    code_kind text check (code_kind in ('qr', 'digits')),
    code_until timestamptz,
    pairing_until timestamptz,  -- somebody waits for a code so long
    phone text,  -- of whom wants to type digits in
    history boolean not null default false,  -- what was said before it was connected is taken over
    home uuid,  -- the installation that its keys are of: those of a backup or a copy open nothing
    leaving boolean not null default false,  -- a person disconnects it: its gateway takes the device away from the phone
    wa_jid text,
    lid text,
    push_name text,
    first_open_at timestamptz,  -- its age, for how many people it may write to first
    last_open_at timestamptz,
    last_inbound_at timestamptz,
    last_receipt_at timestamptz,
    quota_total int,  -- new conversations that the platform grants, where it tells
    quota_used int,
    quota_until timestamptz,
    uploads bytea,  -- sealed: where the platform takes files, and by what right
    uploads_until timestamptz,
    closed_at timestamptz,  -- since when it is not open, where it comes back by itself
    alarmed_at timestamptz,  -- the owners were told that messages neither go nor come
    score smallint,  -- 100: far from being blocked (db/qr/health.py); null: not looked at yet
    score_parts jsonb not null default '[]',  -- why it is not 100
    engine text not null default '',  -- name and version of what spoke last
    created_at timestamptz not null default now(),
    primary key (company_id, id),
    foreign key (company_id, id) references channel(company_id, id)
);
create index qr_session_free on qr_session(next_at) where next_at < 'infinity';
select protect_table('qr_session', 'select, insert, update, delete', 'select, update');

-- The keys of a session. `id` is made of channel, kind and name: names tell of people, and nobody asks for keys but by name.
create table qr_key (
    company_id uuid not null references company(id),
    id uuid not null,
    channel_id uuid not null,
    kind text not null,
    sealed bytea not null,
    epoch int not null,
    primary key (company_id, id)
);
create index qr_key_channel on qr_key(company_id, channel_id);
select protect_table('qr_key', 'select, insert, update, delete');

-- Which messages a session has told of: the same one comes again from the history, and after a crash. `id` is made of channel, chat and message.
create table qr_heard (
    company_id uuid not null references company(id),
    id uuid not null,
    whole boolean not null,  -- false: it could not be opened yet
    at timestamptz not null default now(),
    primary key (company_id, id)
);
create index qr_heard_old on qr_heard(at);
select protect_table('qr_heard', 'select, insert, update', 'select, delete');

-- What people read and the platform was not told of yet: a gateway tells it over its own connections.
create index conversation_untold on conversation(company_id, channel_id, seen_at) where told_id is distinct from seen_id;

-- Whom a number wrote to first, for the day's share of new people. `id` is made of channel and address.
create table qr_first (
    company_id uuid not null references company(id),
    id uuid not null,
    channel_id uuid not null,
    at timestamptz not null default now(),
    primary key (company_id, id)
);
create index qr_first_day on qr_first(company_id, channel_id, at);
select protect_table('qr_first', 'select, insert');
