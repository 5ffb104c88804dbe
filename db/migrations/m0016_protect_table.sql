-- Every migration that makes a table calls this once for it: row-level security is on and binds the owner too, a table with a
-- company_id shows the application role the rows of its company only, and nobody has a right that is not named here.
-- `app`, `system`: what each role may do, as GRANT spells it ('select, insert, update (link)'); null: nothing. The system role sees
-- the rows of all companies.
create function protect_table(protected regclass, app text default null, system text default null) returns void
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    execute format('alter table %s enable row level security, force row level security', protected);
    if exists (select from pg_attribute where attrelid = protected and attname = 'company_id' and not attisdropped) then
        execute format('drop policy if exists company on %s', protected);
        execute format('create policy company on %s to masteria_app using '
                       '(company_id = nullif(current_setting(''app.company'', true), '''')::uuid)', protected);
    end if;
    if app is not null then
        execute format('grant %s on %s to masteria_app', app, protected);
    end if;
    if system is not null then
        execute format('create policy system on %s to masteria_system using (true)', protected);
        execute format('grant %s on %s to masteria_system', system, protected);
    end if;
end $$;
revoke execute on function protect_table(regclass, text, text) from public;

-- The tables there are come to the same shape; their rights stay.
do $$
declare existing regclass;
begin
    for existing in select c.oid::regclass from pg_class c where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
                    and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'company_id') loop
        perform protect_table(existing);
    end loop;
end $$;
