-- Where this database lives and how far it got: a restore, a copy and a failover that lost time are noticed, and what was to
-- be sent by then is held until a person decides.

create table installation (
    single boolean primary key default true check (single),  -- one row
    id uuid not null default gen_random_uuid(),  -- another one after every hold: the two lives of a copy are two installations
    generation int not null default 1,  -- counts lives: +1 with every hold and every failover
    place text,  -- server, database and timeline where it lives; null: nowhere yet, nothing is sent
    beat bigint not null default 0,  -- every worker adds one per second; the witnesses outside remember the highest
    beat_at timestamptz,
    restored_from timestamptz  -- set by a restore until it was noticed: when the backup was made
);
insert into installation default values;

-- Server, database and timeline (it changes with a promotion and a recovery to a point in time). A managed server that does
-- not tell a part of it is told by the others.
create function place() returns text language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    server text := '?';
    line text := '?';
begin
    begin
        server := (pg_control_system()).system_identifier;
    exception when insufficient_privilege or feature_not_supported or undefined_function then null;
    end;
    begin
        line := left(pg_walfile_name(pg_current_wal_insert_lsn()), 8);
    exception when insufficient_privilege or feature_not_supported or undefined_function then null;
    end;
    return server || '/' || (select oid from pg_database where datname = current_database()) || '/' || line;
end $$;

-- Whether this database is the one that the asking process knows, has lost nothing that the process has seen, and lives where
-- it was last recognised. Every statement that lets something leave asks this in its own transaction.
create function at_home(known_id uuid, known_generation int, known_beat bigint) returns boolean language sql stable
    set search_path = pg_catalog, public, pg_temp as $$
    select exists (select from installation where id = known_id and generation = known_generation and beat >= known_beat
                   and place = place())
$$;

alter table installation enable row level security;
alter table installation force row level security;
create policy everybody on installation for select to masteria_app using (true);
create policy system on installation to masteria_system using (true);
grant select on installation to masteria_app;
grant select, update on installation to masteria_system;

create table hold (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    generation int not null,
    cause text not null,  -- restore, copy, rollback, failover
    since timestamptz not null,  -- what is held stood in the queue at this moment; what happened after it is not known here
    created_at timestamptz not null default now(),
    ended_at timestamptz,  -- every item is decided
    primary key (company_id, id)
);
create index hold_open on hold(company_id) where ended_at is null;

create table held_item (
    company_id uuid not null,
    id uuid not null default uuidv7(),
    hold_id uuid not null,
    kind text not null,  -- campaign, direct (messages of no campaign, by channel), job (by name)
    subject_id uuid,  -- the campaign or the channel
    name text not null,
    before text,  -- state of the campaign before the hold
    scheduled_at timestamptz,
    waiting int not null,  -- messages or jobs that stood in the queue
    decision text,  -- continued, discarded
    decided_at timestamptz,
    decided_by uuid,
    primary key (company_id, id),
    foreign key (company_id, hold_id) references hold(company_id, id)
);
create index held_item_hold on held_item(company_id, hold_id);

create table lost_attempt (  -- attempts that this database does not know: a witness or a provider's status told of them
    company_id uuid not null,
    id uuid not null,  -- the correlation id
    channel_id uuid not null,
    campaign_id uuid,
    contact_id uuid,
    address text,
    message_id uuid,  -- the message that it was found to belong to
    state smallint,  -- what a status said; null: nothing yet
    provider_id text collate "C",
    at timestamptz,
    reason text,
    code int,
    created_at timestamptz not null default now(),
    primary key (company_id, id)
);
create index lost_attempt_open on lost_attempt(company_id, channel_id) where message_id is null;
create index lost_attempt_message on lost_attempt(company_id, message_id) where message_id is not null;

do $$
declare t text;
begin
    foreach t in array array['hold', 'held_item', 'lost_attempt'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy company on %I to masteria_app using '
                       '(company_id = nullif(current_setting(''app.company'', true), '''')::uuid)', t);
        execute format('grant select, insert, update, delete on %I to masteria_app', t);
    end loop;
end $$;

-- What stands in the queue when a hold is made is found across companies (select only: the holds are made company by company).
create policy system on hold to masteria_system using (true);
grant select on hold to masteria_system;

alter table campaign add column was_held boolean not null default false;  -- continued after a hold: its people may have got it already
