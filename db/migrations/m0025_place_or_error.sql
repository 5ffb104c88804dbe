-- Where the database lives, as `at_home` and db/installation.py compare it. A server that may not be asked (a managed one) is '?'. One
-- that may be asked and fails, because its control file cannot be read at the moment (the permissions of a folder above it were changed),
-- is an error: nothing leaves meanwhile. It must not look like another server, or everything would be held as on a copy.
create or replace function place() returns text language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    asked boolean := false;
    server text := '?';
    line text := '?';
begin
    begin
        asked := has_function_privilege('pg_control_system()', 'execute');
    exception when undefined_function then null;
    end;
    if asked then
        begin
            server := (pg_control_system()).system_identifier;
        exception when feature_not_supported then null;
        end;
    end if;
    begin
        line := left(pg_walfile_name(pg_current_wal_insert_lsn()), 8);
    exception when insufficient_privilege or feature_not_supported or undefined_function then null;
    end;
    return server || '/' || (select oid from pg_database where datname = current_database()) || '/' || line;
end $$;
