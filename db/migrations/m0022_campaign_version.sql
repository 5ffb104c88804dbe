-- Whatever changes what people see of a campaign makes another version of it: no statement can forget to.
create function next_version() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    new.version := old.version + 1;
    new.updated_at := now();
    return new;
end $$;
create trigger campaign_version
    before update of name, state, state_reason, state_detail, channel_id, template_id, body, bindings, audience, settings, policy,
        scheduled_at, launched_at, started_at, finished_at, resume_at on campaign
    for each row when (old.* is distinct from new.*) execute function next_version();
