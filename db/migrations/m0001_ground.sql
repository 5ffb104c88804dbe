-- The ground: companies, people, channels, contacts, campaigns, the ledger of messages, jobs.
-- Primary keys lead with company_id, so that every table can be distributed by company, and so that composite foreign keys
-- keep a row from pointing into another company.

create extension if not exists pg_trgm;
create extension if not exists btree_gin;
create extension if not exists unaccent;
create extension if not exists vector;

-- unaccent() is only STABLE because its dictionary could change; ours does not
create function fold(value text) returns text language sql immutable strict parallel safe
    return lower(public.unaccent('public.unaccent'::regdictionary, value));

-- What a contact is found by: each word after a blank, so that "% ab%" means the start of a word. Brazilian mobiles stand
-- there without the ninth digit too.
create function search_text(name text, addresses text[]) returns text language sql immutable parallel safe as $$
    select ' ' || fold(name) || coalesce((
        select string_agg(' ' || case
            when a ~ '^\+55\d\d9[6-9]\d{7}$' then substr(a, 2) || ' ' || substr(a, 2, 4) || substr(a, 7)
            when a ~ '^\+\d+$' then substr(a, 2)
            else lower(a) end, '' order by a)
        from unnest(addresses) a), '')
$$;

do $$ begin
    if not exists (select from pg_roles where rolname = 'masteria_app') then create role masteria_app login; end if;
    if not exists (select from pg_roles where rolname = 'masteria_system') then create role masteria_system nologin; end if;
    execute format('grant masteria_app to %I', current_user);
    execute format('grant masteria_system to %I', current_user);
    grant masteria_system to masteria_app with inherit false, set true;
end $$;

-- accounts ---------------------------------------------------------------------------------------------------------------

create table company (
    id uuid primary key default uuidv7(),
    name text not null,
    language text not null default 'pt-BR',
    time_zone text not null default 'America/Sao_Paulo',
    country text not null default 'BR',
    demo boolean not null default false,
    created_at timestamptz not null default now()
);

create table account_user (
    id uuid primary key default uuidv7(),
    email text not null unique,  -- lower case
    name text not null,
    password_hash text not null,
    language text not null default 'pt-BR',
    created_at timestamptz not null default now()
);

create table membership (
    company_id uuid not null references company(id),
    user_id uuid not null references account_user(id),
    role text not null,
    created_at timestamptz not null default now(),
    primary key (company_id, user_id)
);
create index membership_user on membership(user_id);

create table session (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    token_hash bytea not null unique,
    user_id uuid not null references account_user(id),
    ip text,
    user_agent text,
    created_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz,
    primary key (company_id, id)
);
create index session_by_user on session(user_id);

create table invitation (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    email text not null,
    role text not null,
    token_hash bytea not null unique,
    invited_by uuid not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    accepted_at timestamptz,
    revoked_at timestamptz,
    primary key (company_id, id)
);

create table password_reset (
    id uuid primary key default uuidv7(),
    user_id uuid not null references account_user(id),
    token_hash bytea not null unique,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz
);

create table api_key (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    name text not null,
    prefix text not null unique,
    secret_hash bytea not null,
    scopes text[] not null,
    created_by uuid,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    primary key (company_id, id)
);

create table idempotency (
    company_id uuid not null references company(id),
    key text not null,
    request_hash bytea not null,  -- method, path and body
    status smallint,  -- null while the first call is running
    body bytea,
    headers jsonb,
    created_at timestamptz not null default now(),
    primary key (company_id, key)
);
create index idempotency_age on idempotency(created_at);

create table audit_log (
    company_id uuid not null,
    id uuid not null default uuidv7(),
    at timestamptz not null default now(),
    actor_kind text not null,
    actor_id uuid,
    action text not null,
    subject_id uuid,
    data jsonb not null default '{}',
    ip text,
    request_id text,
    primary key (company_id, id)
);

-- jobs -------------------------------------------------------------------------------------------------------------------

create table job (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    name text not null,
    queue text not null,
    key text,
    payload jsonb not null,
    state text not null default 'waiting',  -- waiting, running, dead; done rows are deleted
    next_at timestamptz not null default now(),
    lease_until timestamptz,
    tries int not null default 0,
    max_tries int not null,
    last_error text,
    created_at timestamptz not null default now(),
    primary key (company_id, id)
);
create unique index job_key on job(company_id, key) where state = 'waiting' and key is not null;
create index job_due on job(next_at) where state = 'waiting';
create index job_lease on job(lease_until) where state = 'running';

create table tick (
    name text not null,
    at timestamptz not null,
    primary key (name, at)
);

-- channels ---------------------------------------------------------------------------------------------------------------

create table channel (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    kind text not null,  -- whatsapp, sms
    sandbox boolean not null default false,
    name text not null,
    state text not null default 'checking',
    state_reason text,  -- a FailureReason
    state_detail text,
    paused_until timestamptz,
    number text,  -- E.164, what people see
    account_id text not null,  -- WABA id, Twilio AccountSid
    external_id text not null,  -- phone_number_id, sender number or messaging service
    portfolio_id text not null,  -- shares one messaging limit; the WABA id when Meta tells no business
    app_id text,
    token bytea,  -- sealed: access token, Twilio auth token
    signing_secret bytea,  -- sealed: Meta app secret, Twilio auth token
    verify_token text,  -- ours, typed into Meta's form; not a secret of theirs
    quality text not null default 'unknown',
    messaging_limit int,  -- unique people per moving 24 h; null: unlimited or not applicable
    throughput numeric not null default 80,  -- messages (WhatsApp) or segments (SMS) per second
    unknown_horizon int not null default 900,  -- seconds until an unknown outcome is decided by policy
    settings jsonb not null default '{}',  -- sandbox behaviour
    checked_at timestamptz,
    check_result jsonb,
    templates_synced_at timestamptz,
    archived_at timestamptz,
    created_at timestamptz not null default now(),
    primary key (company_id, id)
);
create unique index channel_external on channel(company_id, kind, external_id) where archived_at is null;
create index channel_by_id on channel(id);  -- webhooks name the channel, not the company

create table channel_log (
    company_id uuid not null,
    id uuid not null default uuidv7(),
    channel_id uuid not null,
    at timestamptz not null default now(),
    kind text not null,  -- check, templates, send, webhook, lookup, sandbox
    ok boolean not null,
    summary text not null,
    http_status smallint,
    code text,
    duration_ms int,
    request text,  -- redacted, at most 4 kB
    response text,  -- redacted, at most 4 kB
    primary key (company_id, id)
);
create index channel_log_channel on channel_log(company_id, channel_id, id);

create table template (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    channel_id uuid not null,
    external_id text,
    name text not null,
    language text not null,
    category text not null,
    status text not null,
    parameter_format text not null default 'positional',
    components jsonb not null,
    quality text not null default 'unknown',
    rejected_reason text,
    problem text,  -- why the last submission failed
    synced_at timestamptz,
    status_at timestamptz,  -- when the provider said so; older news is ignored
    created_at timestamptz not null default now(),
    primary key (company_id, id),
    foreign key (company_id, channel_id) references channel(company_id, id),
    unique (company_id, channel_id, name, language)
);

-- contacts ---------------------------------------------------------------------------------------------------------------

create table contact (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    name text not null default '',
    language text,
    custom jsonb not null default '{}',
    opted_out_at timestamptz,
    opt_out_source text,  -- keyword, provider, person, import, api
    search text not null default '',  -- search_text() of the name and the phones and e-mails; every action keeps it
    -- a column, because a comparison with fold() is not leakproof and so no index condition under row-level security
    name_key text collate "C" not null generated always as (case when name = '' then '~' else fold(name) end) stored,
    import_id uuid,  -- the import that made it
    source text not null default 'manual',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (company_id, id)
);
create index contact_name on contact(company_id, name_key, id);
create index contact_updated on contact(company_id, updated_at desc, id desc);
create index contact_opted_out on contact(company_id, id) where opted_out_at is not null;
create index contact_trgm on contact using gin (company_id, search gin_trgm_ops);
create index contact_by_import on contact(company_id, import_id) where import_id is not null;

create table contact_identity (
    company_id uuid not null,
    id uuid not null default uuidv7(),
    contact_id uuid not null,
    kind text not null,
    value text not null,  -- canonical: E.164 with the ninth digit for Brazil, lower-case e-mail
    line text,  -- mobile, fixed, fixed_or_mobile, other; phones only
    region text,
    scope text not null default '',  -- portfolio of a bsuid, device of a lid
    valid boolean not null default true,  -- a provider said that nobody is there
    created_at timestamptz not null default now(),
    primary key (company_id, id),
    foreign key (company_id, contact_id) references contact(company_id, id) on delete cascade,
    unique (company_id, kind, value, scope)
);
create index contact_identity_contact on contact_identity(company_id, contact_id);
create index contact_identity_fixed on contact_identity(company_id, contact_id) where line = 'fixed';

create table tag (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    name text not null,
    created_at timestamptz not null default now(),
    primary key (company_id, id)
);
create unique index tag_name on tag(company_id, fold(name));

create table contact_tag (
    company_id uuid not null,
    tag_id uuid not null,
    contact_id uuid not null,
    primary key (company_id, tag_id, contact_id),
    foreign key (company_id, tag_id) references tag(company_id, id) on delete cascade,
    foreign key (company_id, contact_id) references contact(company_id, id) on delete cascade
);
create index contact_tag_contact on contact_tag(company_id, contact_id);

create table custom_field (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    key text not null,
    label text not null,
    kind text not null default 'text',
    created_at timestamptz not null default now(),
    primary key (company_id, id),
    unique (company_id, key)
);

create table contact_note (
    company_id uuid not null,
    id uuid not null default uuidv7(),
    contact_id uuid not null,
    author_id uuid,
    body text not null,
    created_at timestamptz not null default now(),
    primary key (company_id, id),
    foreign key (company_id, contact_id) references contact(company_id, id) on delete cascade
);
create index contact_note_contact on contact_note(company_id, contact_id, id);

create table suppression (  -- outlives the contact: who said stop is not written to again, however often imported
    company_id uuid not null references company(id),
    address text not null,  -- canonical identity value
    source text not null,
    at timestamptz not null default now(),
    primary key (company_id, address)
);

create table contact_import (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    state text not null default 'uploaded',
    filename text not null,
    blob text not null,
    size bigint not null,
    sheet jsonb not null default '{}',  -- what InspectImport saw: columns, guesses, encoding, separator, preview
    mapping jsonb not null default '[]',
    options jsonb not null default '{}',  -- tags to add, default region, update existing
    total int,
    processed int not null default 0,  -- rows read, blank ones included: where a killed worker goes on
    created int not null default 0,
    updated int not null default 0,
    unchanged int not null default 0,
    rejected int not null default 0,
    blank int not null default 0,
    warnings int not null default 0,  -- cells left out of rows that were taken; not part of the sum
    error text,  -- a code of the reader, or 'crashed'
    error_row int,
    created_by uuid,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz,
    primary key (company_id, id)
);

create table contact_import_reject (
    company_id uuid not null,
    import_id uuid not null,
    row_number int not null,
    field text not null,
    value text not null,
    reason text not null,
    warning boolean not null default false,  -- the row was taken, only this cell was not
    cells text[] not null,  -- the whole row as read, for the download
    primary key (company_id, import_id, row_number, field),
    foreign key (company_id, import_id) references contact_import(company_id, id) on delete cascade
);

create table contact_import_member (  -- everybody in a file, new or known; rows of deleted contacts stay and match nobody
    company_id uuid not null,
    import_id uuid not null,
    contact_id uuid not null,
    primary key (company_id, import_id, contact_id),
    foreign key (company_id, import_id) references contact_import(company_id, id) on delete cascade
);

create table contact_bulk (  -- a bulk action over a filter, carried out by a job
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    verb text not null,  -- add_tags, remove_tags, opt_out, delete
    filter jsonb not null,
    params jsonb not null default '{}',
    total int not null default 0,
    processed int not null default 0,
    last_id uuid,  -- where a killed worker goes on
    finished_at timestamptz,
    error text,
    created_by uuid,
    created_at timestamptz not null default now(),
    primary key (company_id, id)
);

-- campaigns --------------------------------------------------------------------------------------------------------------

create table campaign (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    name text not null,
    state text not null default 'draft',
    state_reason text,  -- a FailureReason, or 'person'
    state_detail text,
    channel_id uuid,
    template_id uuid,
    body text,  -- SMS
    bindings jsonb not null default '[]',
    audience jsonb not null default '{}',  -- ContactFilter
    settings jsonb not null default '{}',  -- skip recently messaged, ...
    policy text not null default 'at_most_once',
    content jsonb,  -- what is sent, frozen at launch
    scheduled_at timestamptz,
    launched_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    resume_at timestamptz,  -- a pause that ends by itself
    version int not null default 1,
    cloned_from uuid,
    created_by uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (company_id, id)
);
create index campaign_open on campaign(state) where finished_at is null and state in ('running', 'paused', 'cancelled', 'failed');

-- messages ---------------------------------------------------------------------------------------------------------------

create table message (
    company_id uuid not null,
    id uuid not null default uuidv7(),
    channel_id uuid not null,
    queue_id uuid not null,  -- campaign, or channel for what people and the API send
    campaign_id uuid,
    contact_id uuid,
    address text not null,
    dedupe_key text collate "C" not null,  -- campaign: <campaign>:<contact>
    state smallint not null default 0,  -- db/enums.py MessageState
    epoch int not null default 0,  -- fencing token, +1 with every claim
    tries smallint not null default 0,
    units smallint not null default 1,  -- what it takes from the channel's throughput: SMS segments, else 1
    at_least_once boolean not null default false,
    maybe_duplicate boolean not null default false,
    next_at timestamptz not null default now(),
    lease_until timestamptz,  -- sending: end of the lease; unknown: when policy decides
    params text[] not null default '{}',
    content jsonb,  -- for messages without a campaign
    provider_id text collate "C",
    reason text,  -- FailureReason or SkipReason
    code int,  -- the provider's
    sent_at timestamptz,
    delivered_at timestamptz,
    read_at timestamptz,
    replied_at timestamptz,
    done_at timestamptz,  -- failed, skipped, cancelled
    primary key (company_id, id)
) with (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.05);
create unique index message_dedupe on message(company_id, dedupe_key);
create index message_queue on message(queue_id, next_at) where state = 0;
create index message_lease on message(lease_until) where state in (1, 2);
create index message_contact on message(company_id, contact_id);
create index message_trouble on message(campaign_id, id) where state in (6, 7, 8);
create index message_provider on message(company_id, provider_id) where provider_id is not null;

create table attempt (
    company_id uuid not null,
    id uuid not null default uuidv7(),  -- the correlation id that providers echo
    message_id uuid not null,
    channel_id uuid not null,
    epoch int not null,
    state smallint not null default 0,  -- db/enums.py AttemptState
    http_status smallint,
    code int,
    detail text,  -- never null for what was not accepted
    provider_id text collate "C",
    started_at timestamptz not null default now(),
    done_at timestamptz,
    primary key (company_id, id)
) with (fillfactor = 40, autovacuum_vacuum_scale_factor = 0.05);
-- An accepted attempt changes no indexed column and finds room on its page: its update touches no index.
create unique index attempt_epoch on attempt(company_id, message_id, epoch);
create index attempt_trouble on attempt(company_id, channel_id, id) where detail is not null;

-- A company that ANALYZE has not met yet counts as one row, so the planner reads all its messages to find 256 of them
-- (measured: six times the work in the first campaign of a second company). Here every company is taken for a tenth of the
-- table, for good: keys, queues and contacts decide.
alter table message alter company_id set statistics 0;
alter table attempt alter company_id set statistics 0;
select pg_restore_attribute_stats('schemaname', 'public', 'relname', t, 'attname', 'company_id', 'inherited', false,
                                  'null_frac', 0::real, 'avg_width', 16, 'n_distinct', 10::real)
from unnest(array['message', 'attempt']) t;

create table message_tally (  -- how many messages entered or left a state, and when; their sum is the state of a campaign
    company_id uuid not null,
    campaign_id uuid not null,
    at timestamptz not null,
    state smallint not null,
    delta int not null
);
create index message_tally_campaign on message_tally(company_id, campaign_id, at);

-- State 100 counts those who replied.
create function message_tally_insert() returns trigger language plpgsql as $$ begin
    insert into message_tally(company_id, campaign_id, at, state, delta)
    select company_id, campaign_id, clock_timestamp(), state, count(*) from fresh where campaign_id is not null group by 1, 2, 4;
    return null;
end $$;

create function message_tally_update() returns trigger language plpgsql as $$ begin
    insert into message_tally(company_id, campaign_id, at, state, delta)
    select company_id, campaign_id, clock_timestamp(), state, sum(d) from (
        select company_id, campaign_id, state, -1 as d from stale where campaign_id is not null
        union all
        select company_id, campaign_id, state, 1 from fresh where campaign_id is not null
        union all
        select company_id, campaign_id, 100::smallint, -1 from stale where campaign_id is not null and replied_at is not null
        union all
        select company_id, campaign_id, 100::smallint, 1 from fresh where campaign_id is not null and replied_at is not null
    ) moves group by 1, 2, 4 having sum(d) <> 0;
    return null;
end $$;

create trigger message_tally_insert after insert on message referencing new table as fresh
    for each statement execute function message_tally_insert();
create trigger message_tally_update after update on message referencing old table as stale new table as fresh
    for each statement execute function message_tally_update();

create table inbound_message (
    company_id uuid not null,
    id uuid not null default uuidv7(),
    channel_id uuid not null,
    contact_id uuid,
    campaign_id uuid,  -- the campaign that it answers
    provider_id text not null,
    address text not null,
    kind text not null,
    body text not null default '',
    context_provider_id text,
    received_at timestamptz not null,
    created_at timestamptz not null default now(),
    primary key (company_id, id),
    unique (company_id, channel_id, provider_id)
);
create index inbound_message_contact on inbound_message(company_id, contact_id, received_at);
create index inbound_message_channel on inbound_message(company_id, channel_id, received_at);

create table webhook_inbox (
    company_id uuid not null,
    id uuid not null default uuidv7(),
    channel_id uuid not null,
    source text not null,  -- meta, twilio_message, twilio_status
    attempt_id uuid,  -- from the address of a Twilio status callback
    body bytea not null,
    received_at timestamptz not null default now(),
    next_at timestamptz not null default now(),  -- a row that failed waits longer each time
    processed_at timestamptz,
    tries smallint not null default 0,
    error text,
    primary key (company_id, id)
);
create index webhook_inbox_waiting on webhook_inbox(company_id, next_at) where processed_at is null and tries < 5;
create index webhook_inbox_dead on webhook_inbox(company_id, channel_id, id) where processed_at is null and tries >= 5;

-- How many SMS segments a text takes; db/messages/segments.py counts the same, a test compares the two.
create or replace function sms_segments(body text) returns smallint
language plpgsql immutable strict parallel safe as $sms$
declare
    units integer;
    marked text;
    alone integer;
    part integer;
    place integer := 1;
    parts smallint := 0;
begin
    if body !~ E'[^\\u0040\\u00A3\\u0024\\u00A5\\u00E8\\u00E9\\u00F9\\u00EC\\u00F2\\u00C7\\u000A\\u00D8\\u00F8\\u000D\\u00C5\\u00E5\\u0394\\u005F\\u03A6\\u0393\\u039B\\u03A9\\u03A0\\u03A8\\u03A3\\u0398\\u039E\\u00C6\\u00E6\\u00DF\\u00C9\\u0020\\u0021\\u0022\\u0023\\u00A4\\u0025\\u0026\\u0027\\u0028\\u0029\\u002A\\u002B\\u002C\\u002D\\u002E\\u002F\\u0030\\u0031\\u0032\\u0033\\u0034\\u0035\\u0036\\u0037\\u0038\\u0039\\u003A\\u003B\\u003C\\u003D\\u003E\\u003F\\u00A1\\u0041\\u0042\\u0043\\u0044\\u0045\\u0046\\u0047\\u0048\\u0049\\u004A\\u004B\\u004C\\u004D\\u004E\\u004F\\u0050\\u0051\\u0052\\u0053\\u0054\\u0055\\u0056\\u0057\\u0058\\u0059\\u005A\\u00C4\\u00D6\\u00D1\\u00DC\\u00A7\\u00BF\\u0061\\u0062\\u0063\\u0064\\u0065\\u0066\\u0067\\u0068\\u0069\\u006A\\u006B\\u006C\\u006D\\u006E\\u006F\\u0070\\u0071\\u0072\\u0073\\u0074\\u0075\\u0076\\u0077\\u0078\\u0079\\u007A\\u00E4\\u00F6\\u00F1\\u00FC\\u00E0\\u000C\\u005E\\u007B\\u007D\\u005C\\u005B\\u007E\\u005D\\u007C\\u20AC]' then
        alone := 160;
        part := 153;
        units := 2 * length(body) - length(translate(body, U&'\000C\005E\007B\007D\005C\005B\007E\005D\007C\20AC', ''));
        if units > alone and units > length(body) then
            marked := regexp_replace(body, E'[\\u000C\\u005E\\u007B\\u007D\\u005C\\u005B\\u007E\\u005D\\u007C\\u20AC]', E'\x1b.', 'g');
        end if;
    else
        alone := 70;
        part := 67;
        units := length(body);
        if body ~ E'[\\U00010000-\\U0010FFFF]' then
            units := 2 * units - length(regexp_replace(body, E'[\\U00010000-\\U0010FFFF]', '', 'g'));
            if units > alone then
                marked := regexp_replace(regexp_replace(body, E'[^\\U00010000-\\U0010FFFF]', '.', 'g'),
                                         E'[\\U00010000-\\U0010FFFF]', E'\x1b.', 'g');
            end if;
        end if;
    end if;
    if units <= alone then
        return least(units, 1);
    end if;
    if marked is null then
        return (units + part - 1) / part;
    end if;
    -- An escape that would end a part begins the next one instead.
    while place <= units loop
        parts := parts + 1;
        place := place + part - (substr(marked, place + part - 1, 1) = E'\x1b')::integer;
    end loop;
    return parts;
end
$sms$;

-- rights -----------------------------------------------------------------------------------------------------------------

grant usage on schema public to masteria_app, masteria_system;
grant select, insert, update, delete on all tables in schema public to masteria_app;
revoke update, delete on audit_log from masteria_app;
revoke all on schema_migration from masteria_app;

do $$
declare t text;
begin
    for t in select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'company_id'
             where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy company on %I to masteria_app using '
                       '(company_id = nullif(current_setting(''app.company'', true), '''')::uuid)', t);
    end loop;
end $$;

alter table company enable row level security;
alter table company force row level security;
create policy company on company to masteria_app using (id = nullif(current_setting('app.company', true), '')::uuid);

alter table account_user enable row level security;
alter table account_user force row level security;
create policy colleagues on account_user to masteria_app using (exists (
    select from membership m where m.user_id = account_user.id
    and m.company_id = nullif(current_setting('app.company', true), '')::uuid));

alter table password_reset enable row level security;
alter table password_reset force row level security;
alter table tick enable row level security;
alter table tick force row level security;

-- The system role crosses companies on these tables only: sign-in, webhook routing, pollers.
do $$
declare t text;
begin
    foreach t in array array['company', 'account_user', 'membership', 'session', 'invitation', 'password_reset', 'api_key',
                             'idempotency', 'job', 'tick', 'webhook_inbox', 'channel', 'campaign', 'message', 'contact'] loop
        execute format('create policy system on %I to masteria_system using (true)', t);
    end loop;
end $$;
grant select, insert, update, delete on company, account_user, membership, session, invitation, password_reset, tick to masteria_system;
grant select, update, delete on api_key, job to masteria_system;
grant select, delete on idempotency to masteria_system;
grant select, insert, update, delete on webhook_inbox to masteria_system;
grant select on channel, campaign, message to masteria_system;
grant insert on audit_log to masteria_system;
create policy system on audit_log for insert to masteria_system with check (true);

-- Search: a row-level policy keeps the trigram index from being used, because ILIKE is not leakproof (measured: 1.7 ms against
-- 138 ms). This function filters by company itself and runs as the system role.
create function contact_search(pattern text, most int) returns table (id uuid, name_key text, updated_at timestamptz)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select id, name_key, updated_at from contact
    where company_id = nullif(current_setting('app.company', true), '')::uuid and search like pattern
    limit most
$$;
grant select on contact to masteria_system;
revoke execute on function contact_search(text, int) from public;
grant execute on function contact_search(text, int) to masteria_app;
grant create on schema public to masteria_system;  -- for the next line only, where the owner is no superuser
alter function contact_search(text, int) owner to masteria_system;
revoke create on schema public from masteria_system;
