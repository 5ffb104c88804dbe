-- Keys of partners: from where they are used, of whom the simulator is all that is reached, and a new secret beside the old one.
alter table api_key add column addresses text[] not null default '{}';  -- networks, as CIDR; none: from everywhere
alter table api_key add column last_used_from text;
alter table api_key add column test boolean not null default false;
alter table api_key add column rotated_at timestamptz;
alter table api_key add column old_secret_hash bytea;  -- of the secret before, valid until `old_until`
alter table api_key add column old_until timestamptz;
grant select (addresses, last_used_from, test, rotated_at, old_until), update (addresses, secret_hash, rotated_at, old_until) on api_key to masteria_app;

-- The application reads no secret of a key, so it cannot lay one aside: a new one does that by itself.
create function api_key_rotated() returns trigger language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    new.old_secret_hash := old.secret_hash;
    new.rotated_at := now();
    return new;
end $$;
create trigger rotated before update of secret_hash on api_key for each row execute function api_key_rotated();
