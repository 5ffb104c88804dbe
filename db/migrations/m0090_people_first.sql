-- What people wrote is taken before news of what was sent: somebody waits for it.
alter table webhook_inbox add column people boolean not null default false;
drop index webhook_inbox_waiting;
create index webhook_inbox_waiting on webhook_inbox(company_id, people desc, next_at) where tries < 5;
