-- The simulator's model as a company meets it: the last requests that it read, as people read them, and how it is to behave.
create table model_request (
    company_id uuid not null references company(id),
    number bigint not null,  -- of the simulator
    at timestamptz not null,
    request jsonb not null,
    primary key (company_id, number)
);
select protect_table('model_request', app => 'select, insert, update, delete');

create table model_behaviour (
    company_id uuid primary key references company(id),
    behaviour jsonb not null
);
select protect_table('model_behaviour', app => 'select, insert, update');
