-- Personas (db/personas): who answers customers or drafts for agents. A published version never changes, since conversations keep the one
-- they began with; the draft stands apart. A persona that was deleted keeps its row and its versions, which traces name.
create table persona (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    name text not null,
    state text not null default 'draft',
    mode text not null default 'suggest',
    emoji text not null default '',  -- '': its initials
    color text not null default 'teal',
    picture text,  -- key of the file in the store
    draft jsonb not null,  -- db/personas/config.py
    draft_version int not null default 1,
    draft_at timestamptz not null default now(),
    draft_by uuid,
    published_id uuid,  -- the version that serves
    version int not null default 1,
    created_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, id)
);
create unique index persona_name on persona(company_id, fold(name)) where deleted_at is null;
select protect_table('persona', 'select, insert, update');

create table persona_version (
    company_id uuid not null,
    id uuid not null default uuidv7(),
    persona_id uuid not null,
    number int not null,
    config jsonb not null,
    note text not null default '',
    created_by uuid,
    created_at timestamptz not null default now(),
    primary key (company_id, id),
    unique (company_id, persona_id, number),
    foreign key (company_id, persona_id) references persona(company_id, id) on delete cascade
);
select protect_table('persona_version', 'select, insert');

create table persona_binding (  -- what is named must all hold; one that names nothing is not kept, and one that names what is gone never holds
    company_id uuid not null,
    id uuid not null default uuidv7(),
    persona_id uuid not null,
    channel_id uuid,
    label_id uuid,
    stage_id uuid,
    hours text not null default 'always',
    priority int not null default 50,  -- lower first
    primary key (company_id, id),
    foreign key (company_id, persona_id) references persona(company_id, id) on delete cascade,
    check (num_nonnulls(channel_id, label_id, stage_id) > 0)
);
create index persona_binding_persona on persona_binding(company_id, persona_id);
select protect_table('persona_binding', 'select, insert, update, delete');
