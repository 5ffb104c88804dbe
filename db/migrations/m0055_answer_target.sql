-- How soon a company wants to answer, and the list of who waits longest.
alter table company add column answer_target int check (answer_target between 1 and 10080);  -- minutes; null: no target
create index conversation_waiting on conversation(company_id, waiting_since, id) where state = 'open' and waiting_since is not null;
grant update (answer_target) on company to masteria_app;
