-- How long a company keeps what each run of its assistant did, and whether a service looks over what is written. No row: 30 days, and none does.
create table ai_safety (
    company_id uuid primary key references company(id),
    trace_days int not null check (trace_days between 1 and 730),
    moderates boolean not null,
    version int not null default 1
);
select protect_table('ai_safety', 'select, insert, update', 'select');
