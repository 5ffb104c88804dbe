-- In which version of the contract a key is answered: the one that it was made in.
alter table api_key add column api_version text not null default '2026-11-27';
grant select (api_version) on api_key to masteria_app;
