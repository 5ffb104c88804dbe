-- To count a long list takes minutes; the look at another one takes a moment and does not wait for it.
update job set queue = 'dry_run' where name = 'DryRunImport' and state <> 'running';
drop index job_alone;
create unique index job_alone on job(company_id, queue) where state = 'running' and queue in ('inspect', 'dry_run', 'import');
