-- Who asked what of the API and how it was answered (db/audit/requests.py); kept for a week. Written by the programs in batches, and read by
-- the company.
create table request_log (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    at timestamptz not null,
    request_id text collate "C" not null,
    method text not null,
    path text not null,  -- of the operation, without ids
    status int not null,
    milliseconds real not null,
    actor_kind text not null,
    actor_id uuid,
    ip text,
    code text,  -- of the error
    primary key (company_id, id)
);
create index request_log_request on request_log(company_id, request_id);
create index request_log_actor on request_log(company_id, actor_id, id);
create index request_log_failed on request_log(company_id, id) where status >= 400;
create index request_log_old on request_log(at);
select protect_table('request_log', 'select', 'select, insert, delete');
