-- How long the audit log and the raw events of webhooks are kept. Null: the log for ever, the events as long as their tables say by themselves.
alter table retention add column audit_days int check (audit_days between 184 and 3650);  -- six months: Lei 12.965/2014, art. 15
alter table retention add column event_days int check (event_days between 1 and 30);

-- Nobody deletes from the audit log but this: some of what is older than the company's rule, the oldest first. It reads the rule by itself, and the
-- rule has its floor above, so that nobody who calls it can have a younger line deleted. Returns how many.
create function audit_forget(most int) returns int
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    company uuid := nullif(current_setting('app.company', true), '')::uuid;
    before timestamptz := (select now() - make_interval(days => greatest(audit_days, 184)) from retention where company_id = company and audit_days is not null);
    gone int;
begin
    if before is null then
        return 0;
    end if;
    delete from audit_log where company_id = company and at < before and id = any(array(
        select id from audit_log where company_id = company and at < before
            and id < (lpad(to_hex(floor(extract(epoch from before) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
        order by id limit most));
    get diagnostics gone = row_count;
    return gone;
end $$;
revoke execute on function audit_forget(int) from public;
grant execute on function audit_forget(int) to masteria_app;

-- It runs as the owner of the tables, whom their policies bind too where that is no superuser. What a role may do at all, its grants say: as before.
create policy forgetting on audit_log for delete using
    (company_id = nullif(current_setting('app.company', true), '')::uuid and at < now() - interval '184 days');
create policy looking on audit_log for select using (company_id = nullif(current_setting('app.company', true), '')::uuid);
create policy looking on retention for select using (company_id = nullif(current_setting('app.company', true), '')::uuid);
