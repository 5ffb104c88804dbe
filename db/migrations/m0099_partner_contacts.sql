-- What partners keep with a contact: the id that their own system gives it, and a few words of theirs.
alter table contact add column external_id text collate "C";
alter table contact add column metadata jsonb not null default '{}';
create unique index contact_external on contact(company_id, external_id) where external_id is not null;
