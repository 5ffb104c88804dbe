-- The application role can no longer become the system role: each logs in by itself, over connections of its own.

do $$
declare given record;
begin
    if not (select rolcanlogin from pg_roles where rolname = 'masteria_system') then
        alter role masteria_system login;
    end if;
    for given in select grantor::regrole::text as giver from pg_auth_members
                 where roleid = 'masteria_system'::regrole and member = 'masteria_app'::regrole loop
        begin
            execute format('revoke masteria_system from masteria_app granted by %s', given.giver);
        exception when insufficient_privilege then
            raise warning 'masteria_app may still act as masteria_system, granted by %: let that role revoke it', given.giver;
        end;
    end loop;
end $$;

-- What proves who somebody is, and who belongs where, is read and written by the system role alone.
revoke all on account_user, membership, session, invitation, password_reset, api_key, company, tick from masteria_app;
grant select (id, email, name, language, created_at), update (name, language) on account_user to masteria_app;
grant select, delete, update (role) on membership to masteria_app;
grant select (company_id, id, user_id, ip, user_agent, created_at, last_seen_at, expires_at, revoked_at), update (revoked_at)
    on session to masteria_app;
grant select (company_id, id, email, role, invited_by, created_at, expires_at, accepted_at, revoked_at), insert, update (revoked_at)
    on invitation to masteria_app;
grant select (company_id, id, name, prefix, scopes, created_by, created_at, expires_at, last_used_at, revoked_at, ended_because,
    created_by_name), insert, update (revoked_at, ended_because, created_by_name) on api_key to masteria_app;
grant select, update (name, language, time_zone, country) on company to masteria_app;

-- An audit row says when it was written and by whom without being told: the moment by its default, the actor by the transaction.
alter table audit_log alter column actor_kind set default split_part(current_setting('app.actor', true), ':', 1);
alter table audit_log alter column actor_id set default nullif(split_part(current_setting('app.actor', true), ':', 2), '')::uuid;
alter table audit_log add constraint audit_log_actor_kind check (actor_kind in ('user', 'api_key', 'worker')) not valid;
revoke insert on audit_log from masteria_app, masteria_system;
grant insert (company_id, action, subject_id, data, ip, request_id) on audit_log to masteria_app;
grant insert (company_id, actor_kind, actor_id, action, subject_id, data, ip, request_id) on audit_log to masteria_system;
