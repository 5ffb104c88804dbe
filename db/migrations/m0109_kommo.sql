-- Kommo (db/kommo): one account of each company, who is who on both sides, and what is owed to either.
create table kommo_connection (
    company_id uuid primary key references company(id),
    id uuid not null,  -- secrets are sealed for it
    way text not null check (way in ('token', 'oauth', 'sandbox')),
    host text not null,
    token bytea,
    token_until timestamptz,
    refresh_token bytea,  -- of oauth, good for one use
    client_id text not null default '',
    client_secret bytea,
    code bytea,  -- of oauth, until it is exchanged
    redirect_uri text not null default '',
    hook_hash bytea not null,  -- of the address that Kommo calls
    hook_token bytea not null,
    hook_state text not null default 'off' check (hook_state in ('off', 'on', 'refused')),
    account_id bigint,  -- Kommo's; null: not known yet
    account_name text not null default '',
    pipelines jsonb not null default '[]',
    state text not null check (state in ('checking', 'ready', 'token_refused', 'blocked', 'unpaid', 'failed')),
    state_at timestamptz not null default now(),
    checked_at timestamptz,
    reason text,
    detail text not null default '',
    rest_until timestamptz,  -- nothing is asked before
    rests int not null default 0,  -- in a row
    push_contacts boolean not null default false,
    push_leads boolean not null default false,
    push_notes boolean not null default false,
    take_contacts boolean not null default false,
    take_leads boolean not null default false,
    notes_since timestamptz not null default now(),  -- older notes stay here
    version int not null default 1
);
create unique index kommo_connection_hook on kommo_connection(hook_hash);
select protect_table('kommo_connection', 'select, insert, update, delete', 'select');

create table kommo_stage (  -- which status is which stage; one that was deleted maps nothing
    company_id uuid not null,
    stage_id uuid not null,
    pipeline_id bigint not null,
    status_id bigint not null,
    primary key (company_id, stage_id),
    foreign key (company_id) references kommo_connection on delete cascade
);
select protect_table('kommo_stage', 'select, insert, delete');

create table kommo_link (
    company_id uuid not null references company(id),
    kind text not null check (kind in ('contact', 'lead')),
    local_id uuid not null,
    kommo_id bigint not null,
    ours text not null default '',  -- what the contact was here when it was last written there, as a digest
    theirs text not null default '',  -- what it was there when it was last written or read
    stage_id uuid,  -- of a lead: where both stood when they were last in step
    pipeline_id bigint,
    status_id bigint,
    synced_at timestamptz not null default now(),
    primary key (company_id, kind, local_id)
);
create unique index kommo_link_theirs on kommo_link(company_id, kind, kommo_id);
select protect_table('kommo_link', 'select, insert, update, delete');

-- `sending` with a `next_at` that is past: its worker died, and nobody knows what Kommo took.
create table kommo_task (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    kind text not null check (kind in ('push_contact', 'push_lead', 'push_note', 'take_contact', 'take_lead')),
    local_id uuid,
    kommo_id bigint,
    note text,  -- until it is there
    private boolean not null default true,
    note_id uuid,  -- of a lead's note; null: written for Kommo alone
    by_id uuid,  -- who asked; null: a rule
    asked boolean not null default false,  -- by a person or a program, not by a rule
    state text not null default 'waiting' check (state in ('waiting', 'sending', 'unknown', 'done', 'skipped', 'failed')),
    tries int not null default 0,
    next_at timestamptz not null default now(),
    began_at timestamptz,  -- of the first try
    reason text,
    detail text not null default '',
    created_at timestamptz not null default now(),
    done_at timestamptz,
    primary key (company_id, id)
);
create unique index kommo_task_push on kommo_task(company_id, kind, local_id) where state = 'waiting' and kind in ('push_contact', 'push_lead');
create unique index kommo_task_take on kommo_task(company_id, kind, kommo_id) where state = 'waiting' and kind in ('take_contact', 'take_lead');
create unique index kommo_task_note on kommo_task(company_id, note_id) where note_id is not null;
create index kommo_task_due on kommo_task(company_id, next_at, id) where state in ('waiting', 'sending', 'unknown');
create index kommo_task_busy on kommo_task(company_id, local_id) where state in ('sending', 'unknown');
create index kommo_task_old on kommo_task(created_at);
select protect_table('kommo_task', 'select, insert, update, delete', 'select, delete');

drop index job_alone;
create unique index job_alone on job(company_id, queue) where state = 'running' and queue in ('inspect', 'dry_run', 'import', 'knowledge', 'kommo');
