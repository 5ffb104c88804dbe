-- What lists of leads are ordered by, as columns: under row-level security Postgres takes no COALESCE as the condition of an index.
alter table lead
    add column value_key bigint not null generated always as (coalesce(value_cents, -1)) stored,
    add column due_key date not null generated always as (coalesce(due_on, 'infinity')) stored;
drop index lead_value, lead_due;
create index lead_value on lead(company_id, board_id, value_key, id);
create index lead_due on lead(company_id, board_id, due_key, id);
