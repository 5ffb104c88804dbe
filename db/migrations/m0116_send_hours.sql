-- When a company's campaigns may write to people (db/campaigns/rules.py). Nothing here: no rule.
create table send_hours (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    name text not null,  -- what people read when it holds something
    country text not null default '',  -- ISO 3166; '' everywhere
    category text not null default '',  -- marketing, utility, authentication; '' all
    weekdays smallint[] not null,
    opens smallint not null check (opens between 0 and 1439),
    closes smallint not null check (closes between 1 and 1440),
    skip_holidays boolean not null default false,
    valid_from date,
    valid_until date,
    source text not null default '',
    version int not null default 1,
    created_at timestamptz not null default now(),
    primary key (company_id, id),
    check (opens < closes)
);
select protect_table('send_hours', 'select, insert, update, delete');
