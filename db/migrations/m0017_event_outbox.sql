-- Durable events and who reads them (db/outbox.py, db/event_consumers.py).
create table event_consumer (
    company_id uuid not null references company(id),
    name text not null,  -- kind, or kind:subject
    types text[] not null,  -- of the events it asks for
    position bigint not null,  -- it has read everything up to here
    missed boolean not null default false,  -- events were deleted before it read them
    created_at timestamptz not null default now(),
    primary key (company_id, name)
);
create table event_outbox (
    company_id uuid not null,
    id bigint not null generated always as identity,  -- within a company in the order of commits
    type text not null,
    at timestamptz not null default now(),
    data jsonb not null,
    primary key (company_id, id)
);
create index event_outbox_age on event_outbox(at);
select protect_table('event_consumer', 'select, insert, update, delete', 'select, update');
select protect_table('event_outbox', 'select, insert', 'select, insert, delete');
grant insert on job to masteria_system;  -- a unit of work across companies wakes consumers too
