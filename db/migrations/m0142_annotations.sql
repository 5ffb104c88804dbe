-- What somebody wrote down about a day, beside its figures. Campaigns that started and prices that changed stand there by themselves.
create table annotation (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    day date not null,
    body text not null,
    by_id uuid,  -- null: a key
    created_at timestamptz not null default now(),
    primary key (company_id, id)
);
create index annotation_day on annotation(company_id, day, id);
select protect_table('annotation', 'select, insert, delete');
