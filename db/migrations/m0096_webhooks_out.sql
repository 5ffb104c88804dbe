-- Webhooks out (db/webhooks, decision 61): whom a company tells what, what each is owed, and what came of every try.
create table webhook_endpoint (
    company_id uuid not null references company(id),
    id uuid not null,
    url text not null,
    description text not null default '',
    types text[] not null check (cardinality(types) > 0),
    secret bytea not null,
    old_secret bytea,  -- signs too until old_until
    old_until timestamptz,
    legacy_secret bytea,  -- null: no x-webhook-signature
    created_by uuid,  -- whose rights say what it may be told
    created_at timestamptz not null default now(),
    version int not null default 1,
    off_because text check (off_because in ('person', 'gone', 'failing')),  -- null: it is on
    off_at timestamptz,
    due_at timestamptz,  -- before it nothing is due; null: nothing waits
    paused_until timestamptz,
    failures int not null default 0,  -- in a row
    failing_since timestamptz,
    warned_at timestamptz,
    delivered_at timestamptz,
    primary key (company_id, id)
);
create index webhook_endpoint_due on webhook_endpoint(due_at) where off_because is null and due_at is not null;
select protect_table('webhook_endpoint', 'select, insert, update, delete', 'select');

-- `foremost`: of what waits for its entity; nothing else of the entity is sent before it ended. `next_at` of one that is being sent is
-- when its lease ends. `epoch` fences what a try writes back.
create table webhook_delivery (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    endpoint_id uuid not null,
    event_id text not null,
    type text not null,
    entity text not null,
    sequence bigint not null,
    body text not null,
    state text not null default 'waiting' check (state in ('waiting', 'sending', 'delivered', 'failed')),
    foremost boolean not null default false,
    next_at timestamptz not null default now(),
    tries int not null default 0,
    epoch int not null default 0,
    created_at timestamptz not null default now(),
    done_at timestamptz,
    primary key (company_id, id),
    foreign key (company_id, endpoint_id) references webhook_endpoint on delete cascade,
    unique (company_id, endpoint_id, event_id)
);
create index webhook_delivery_due on webhook_delivery(company_id, endpoint_id, next_at) where foremost and state in ('waiting', 'sending');
create index webhook_delivery_entity on webhook_delivery(company_id, endpoint_id, entity, sequence, id) where state in ('waiting', 'sending');
create index webhook_delivery_log on webhook_delivery(company_id, endpoint_id, id);
create index webhook_delivery_old on webhook_delivery(created_at);
select protect_table('webhook_delivery', 'select, insert, update, delete', 'select, delete');

create table webhook_attempt (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    endpoint_id uuid not null,
    delivery_id uuid not null,
    at timestamptz not null,
    milliseconds int not null,
    status int,  -- of the answer; null: there was none
    failure text,  -- null: delivered
    answer text not null default '',
    primary key (company_id, id),
    foreign key (company_id, delivery_id) references webhook_delivery on delete cascade
);
create index webhook_attempt_delivery on webhook_attempt(company_id, delivery_id, at);
create index webhook_attempt_endpoint on webhook_attempt(company_id, endpoint_id, at);
select protect_table('webhook_attempt', 'select, insert, delete', 'select, delete');
