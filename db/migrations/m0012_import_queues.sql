-- Imports have queues of their own, in which one job of a company runs at a time.
update job set queue = 'inspect' where name = 'InspectImport' and state <> 'running';
update job set queue = 'import' where name = 'RunImport' and state <> 'running';
create unique index job_alone on job(company_id, queue) where state = 'running' and queue in ('inspect', 'import');

-- Housekeeping looks for files that no import needs, in all companies.
create policy system on contact_import to masteria_system using (true);
grant select on contact_import to masteria_system;
create index contact_import_recent on contact_import(company_id, created_at);
