-- The picture, film or document that WhatsApp reviews a template with; and that a change was not sent yet, which a sync must not undo.
alter table template add column sample_file_id uuid, add column unsent boolean not null default false;

-- Which files stay although nobody sent them.
create index template_sample on template(company_id, sample_file_id) where sample_file_id is not null;

-- What a template was and what became of it, newest number last (db/channels/template_versions.py).
create table template_version (
    company_id uuid not null references company(id),
    template_id uuid not null,
    number int not null,
    category text not null,
    parameter_format text not null,
    components jsonb not null,
    status text not null,
    reason text,  -- why it was refused
    created_at timestamptz not null default now(),
    submitted boolean not null,  -- from here; otherwise it was changed at the provider
    created_by uuid,  -- the person who did
    decided_at timestamptz,
    primary key (company_id, template_id, number),
    foreign key (company_id, template_id) references template(company_id, id)
);
select protect_table('template_version', 'select, insert, update');
