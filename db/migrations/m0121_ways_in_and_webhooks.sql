-- A person is told of what changed about their ways in, in the transaction that changed it: those cross companies.
grant insert on mail to masteria_system;

-- What an endpoint's server answered beside the body, and by which key an endpoint was made: a key that ends does not end it.
alter table webhook_attempt add column answer_headers jsonb not null default '{}';
alter table webhook_endpoint add column made_with uuid;  -- an API key; null: made by a person at a screen, or before this was kept

-- A company that works at screens all day finds the requests of its keys without reading the others.
create index request_log_keys on request_log(company_id, id) where actor_kind = 'api_key';
grant update (api_version) on api_key to masteria_app;
