-- Hooks that a company makes for forms, shops and spreadsheets to post to (db/incoming).
create table incoming_hook (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    name text not null,
    enabled boolean not null default true,
    token_hash bytea not null,  -- of the address
    token_hint text not null,  -- its last signs, to tell addresses apart
    signature_header text,  -- lower case; null: bodies are not signed
    signature_prefix text not null default '',
    signature_encoding text not null default 'hex',  -- a SignatureEncoding
    signing_secret bytea,
    sameness text not null default 'body',  -- a Sameness
    same_path text not null default '',
    same_minutes int not null default 10,
    keep_days int not null default 7,
    steps jsonb not null default '[]',  -- HookStep, in order
    version int not null default 1,
    made_by uuid,
    created_at timestamptz not null default now(),
    primary key (company_id, id)
);
create unique index incoming_hook_token on incoming_hook(token_hash);
select protect_table('incoming_hook', 'select, insert, update, delete', 'select');

create table incoming_delivery (
    company_id uuid not null,
    id uuid not null default uuidv7(),
    hook_id uuid not null,
    source text not null,  -- an IncomingSource
    content_type text not null,
    size int not null,
    payload text,  -- JSON, masked; null: it could not be read, or is kept no longer
    same_key text,  -- null: no other one is the same
    state text not null default 'waiting',  -- an IncomingState
    problems jsonb not null default '[]',
    contact_id uuid,  -- these may be gone
    contact_made boolean not null default false,
    lead_id uuid,
    lead_done text,  -- a LeadDone
    message_id uuid,
    same_as uuid,  -- the delivery that was carried out instead, or that is repeated
    received_at timestamptz not null default now(),
    done_at timestamptz,
    primary key (company_id, id),
    foreign key (company_id, hook_id) references incoming_hook(company_id, id) on delete cascade
);
create index incoming_delivery_hook on incoming_delivery(company_id, hook_id, id);
create index incoming_delivery_lead on incoming_delivery(company_id, lead_id, done_at) where lead_id is not null;
create index incoming_delivery_old on incoming_delivery(received_at);
select protect_table('incoming_delivery', 'select, insert, update, delete', 'select, update, delete');

create table incoming_key (  -- what was carried out a short while ago
    company_id uuid not null,
    hook_id uuid not null,
    key text not null,
    delivery_id uuid not null,
    until timestamptz not null,
    primary key (company_id, hook_id, key),
    foreign key (company_id, hook_id) references incoming_hook(company_id, id) on delete cascade
);
create index incoming_key_old on incoming_key(until);
select protect_table('incoming_key', 'select, insert, update, delete', 'select, delete');
