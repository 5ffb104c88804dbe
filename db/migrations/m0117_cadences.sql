-- Cadences (db/cadences): sequences of steps that people are enrolled in. A step that writes owns a campaign of its own (a letter), so that
-- its messages go through the same queue, limits, consent and counts; no list of campaigns shows it.
create table cadence (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    name text not null,
    state text not null default 'draft' check (state in ('draft', 'running', 'paused', 'ended')),
    plan jsonb not null default '{}',  -- as it is edited (db/cadences/plan.py)
    live int,  -- the number of the version that people follow
    entry_at timestamptz,  -- when it last looked for people who match its entry
    version int not null default 1,  -- of edits
    created_by uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (company_id, id)
);
create index cadence_running on cadence(company_id, id) where state = 'running';
select protect_table('cadence', 'select, insert, update, delete', 'select');

create table cadence_version (
    company_id uuid not null,
    cadence_id uuid not null,
    number int not null,
    plan jsonb not null,
    letters jsonb not null default '{}',  -- step → campaign
    published_by uuid,
    published_at timestamptz not null default now(),
    primary key (company_id, cadence_id, number),
    foreign key (company_id, cadence_id) references cadence(company_id, id) on delete cascade
);
select protect_table('cadence_version', 'select, insert, delete');

-- One person's way through a cadence. The person may be gone: what was done stays counted.
create table enrolment (
    company_id uuid not null,
    id uuid not null default uuidv7(),
    cadence_id uuid not null,
    contact_id uuid not null,
    state text not null default 'active' check (state in ('active', 'done', 'stopped')),
    reason text,  -- StopReason
    source text not null,  -- EntrySource
    step_id uuid,  -- the one that comes next, at due_at
    arrived_at timestamptz not null default now(),  -- at that step
    due_at timestamptz not null default now(),
    entered_at timestamptz not null default now(),
    ended_at timestamptz,
    primary key (company_id, id),
    foreign key (company_id, cadence_id) references cadence(company_id, id) on delete cascade
) with (fillfactor = 75);
create unique index enrolment_once on enrolment(company_id, cadence_id, contact_id) where state = 'active';
create index enrolment_due on enrolment(company_id, cadence_id, due_at) where state = 'active';
create index enrolment_contact on enrolment(company_id, contact_id);
create index enrolment_list on enrolment(company_id, cadence_id, id);
select protect_table('enrolment', 'select, insert, update, delete', 'select');

create table enrolment_step (  -- which steps a person has been through; none twice
    company_id uuid not null,
    enrolment_id uuid not null,
    step_id uuid not null,
    cadence_id uuid not null,
    outcome text not null,  -- StepOutcome
    at timestamptz not null default clock_timestamp(),
    primary key (company_id, enrolment_id, step_id),
    foreign key (company_id, enrolment_id) references enrolment(company_id, id) on delete cascade
);
create index enrolment_step_funnel on enrolment_step(company_id, cadence_id, step_id, outcome);
select protect_table('enrolment_step', 'select, insert, delete');

alter table campaign add column cadence_id uuid;
alter table campaign add column cadence_step uuid;
alter table campaign add column cadence_open boolean not null default false;  -- people may still come to the step: having nothing to send ends nothing
create index campaign_cadence on campaign(company_id, cadence_id) where cadence_id is not null;

-- Which text a number got over SMS, as a digest of both: claimed in the transaction that claims the message, so of two that race one waits and is refused.
create table sent_text (
    company_id uuid not null references company(id),
    digest bytea not null,
    message_id uuid not null,
    at timestamptz not null default now(),
    primary key (company_id, digest)
);
create index sent_text_old on sent_text(at);
select protect_table('sent_text', 'select, insert, update', 'select, delete');
alter table company add column same_text_hours int not null default 24 check (same_text_hours between 0 and 168);
grant update (same_text_hours) on company to masteria_app;
