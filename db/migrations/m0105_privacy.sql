-- Privacy (db/privacy, db/contacts/erased.py): people whose data was erased, the receipts of it, what was handed out, and rules of how long.
-- Whoever has the database alone cannot try numbers against the marks: the salt is sealed.
create table erased_salt (
    company_id uuid primary key references company(id),
    id uuid not null,
    salt bytea not null
);
select protect_table('erased_salt', 'select, insert');

create table erased_address (
    company_id uuid not null references company(id),
    mark bytea not null,  -- HMAC-SHA-256 of an address under the salt
    at timestamptz not null default now(),
    primary key (company_id, mark)
);
select protect_table('erased_address', 'select, insert, delete');

create table receipt_key (  -- Ed25519
    company_id uuid primary key references company(id),
    id uuid not null,
    private bytea not null,
    public_key text not null
);
select protect_table('receipt_key', 'select, insert');

create table erasure (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    contact_id uuid not null,
    state text not null default 'waiting' check (state in ('waiting', 'done')),
    asked_kind text not null,
    asked_by uuid,
    erased jsonb not null default '{}',  -- rows by table, so far
    marks int not null default 0,
    created_at timestamptz not null default now(),
    done_at timestamptz,
    receipt text,  -- JSON, as it was signed
    signature text,
    primary key (company_id, id),
    check ((state = 'done') = (receipt is not null))
);
create unique index erasure_open on erasure(company_id, contact_id) where state = 'waiting';
select protect_table('erasure', 'select, insert, update');

create table contact_export (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    contact_id uuid not null,
    state text not null default 'waiting' check (state in ('waiting', 'done', 'failed', 'expired')),
    language text not null,
    total int not null default 0,
    processed int not null default 0,
    key text,
    size bigint,
    asked_by uuid,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    primary key (company_id, id)
);
create index contact_export_expires on contact_export(expires_at) where key is not null;
create index contact_export_key on contact_export(key) where key is not null;
select protect_table('contact_export', 'select, insert, update', 'select');

create table retention (  -- days; null: for ever, or as the table of the log says by itself
    company_id uuid primary key references company(id),
    message_days int check (message_days between 1 and 3650),
    media_days int check (media_days between 1 and 3650),
    log_days int check (log_days between 1 and 3650),
    version int not null default 1,
    sent_through uuid not null default '00000000-0000-0000-0000-000000000000',  -- messages until here are emptied, by their ids
    came_through uuid not null default '00000000-0000-0000-0000-000000000000'
);
select protect_table('retention', 'select, insert, update', 'select');
create index message_file_age on message_file(company_id, id) where state = 'stored';
grant update (what) on lead_change to masteria_app;
