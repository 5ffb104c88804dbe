-- The key under which secrets of API keys are hashed, sealed. Only the system role reads it: the application can make a secret's hash,
-- as it is given one, and compare none.
create table installation_secret (
    single boolean primary key default true check (single),  -- one row
    sealed bytea not null
);
select protect_table('installation_secret', null, 'select, insert, update');

-- A secret that the system hashes anew is the same one: only who rotates a key lays the former aside.
create or replace function api_key_rotated() returns trigger language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    if current_user <> 'masteria_system' then
        new.old_secret_hash := old.secret_hash;
        new.rotated_at := now();
    end if;
    return new;
end $$;
