-- Rules that a company keeps under a name (db/contacts/segment_rule.py). Who meets one is asked when it is used.
create table segment (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    name text not null,
    rule jsonb not null,
    version int not null default 1,
    created_by uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (company_id, id)
);
create unique index segment_name on segment(company_id, fold(name));
select protect_table('segment', 'select, insert, update, delete');
