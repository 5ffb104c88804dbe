-- Two contacts of whom somebody said that they are two people: they are not proposed as one again. The lesser id first.
create table contact_distinct (
    company_id uuid not null,
    one_id uuid not null,
    other_id uuid not null,
    said_by uuid,
    at timestamptz not null default now(),
    primary key (company_id, one_id, other_id),
    foreign key (company_id, one_id) references contact(company_id, id) on delete cascade,
    foreign key (company_id, other_id) references contact(company_id, id) on delete cascade,
    check (one_id < other_id)
);
create index contact_distinct_other on contact_distinct(company_id, other_id);
select protect_table('contact_distinct', 'select, insert, delete');
