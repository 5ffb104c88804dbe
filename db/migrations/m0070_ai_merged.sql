-- Messages beyond the first that one call answered: each is a call that was not made.
alter table ai_usage add column merged int not null default 0;
