-- Trying personas (db/personas/trials.py, cases.py): one row is one answer that a worker composes and nobody is sent. What is tried is kept
-- with it, since drafts change while one waits.
create table persona_case (
    company_id uuid not null,
    id uuid not null default uuidv7(),
    persona_id uuid not null,
    name text not null,
    lines jsonb not null,  -- db/personas/trial.py
    expect jsonb not null,
    created_at timestamptz not null default now(),
    version int not null default 1,
    primary key (company_id, id),
    foreign key (company_id, persona_id) references persona(company_id, id) on delete cascade
);
create index persona_case_persona on persona_case(company_id, persona_id, id);
select protect_table('persona_case', 'select, insert, update, delete');

create table persona_run (  -- all cases at once
    company_id uuid not null,
    id uuid not null default uuidv7(),
    persona_id uuid not null,
    created_by uuid,
    created_at timestamptz not null default now(),
    primary key (company_id, id),
    foreign key (company_id, persona_id) references persona(company_id, id) on delete cascade
);
create index persona_run_persona on persona_run(company_id, persona_id, id);
select protect_table('persona_run', 'select, insert, delete');

create table persona_trial (
    company_id uuid not null,
    id uuid not null default uuidv7(),
    persona_id uuid not null,
    run_id uuid,  -- of a playground: null
    case_id uuid,
    case_name text not null default '',
    published boolean not null,  -- the version that serves, else the draft
    config jsonb not null,
    lines jsonb not null,
    expect jsonb,
    state text not null default 'waiting',
    answer jsonb,
    missed jsonb,
    created_at timestamptz not null default now(),
    done_at timestamptz,
    primary key (company_id, id),
    foreign key (company_id, persona_id) references persona(company_id, id) on delete cascade,
    foreign key (company_id, run_id) references persona_run(company_id, id) on delete cascade
);
create index persona_trial_run on persona_trial(company_id, run_id, id) where run_id is not null;
create index persona_trial_old on persona_trial(created_at);
select protect_table('persona_trial', 'select, insert, update, delete', 'select, delete');
