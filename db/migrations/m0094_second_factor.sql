-- A second factor (RFC 6238) of a person, of the system role like everything that proves who somebody is. Codes of the last step taken and
-- before are refused; recovery codes are hashes of 80 random bits.
create table second_factor (
    user_id uuid primary key references account_user(id) on delete cascade,
    secret bytea not null,
    made_at timestamptz not null default now(),
    last_step bigint not null default 0
);
select protect_table('second_factor', system => 'select, insert, update, delete');

create table recovery_code (
    user_id uuid not null references second_factor(user_id) on delete cascade,
    code_hash bytea not null,
    primary key (user_id, code_hash)
);
select protect_table('recovery_code', system => 'select, insert, delete');

-- Since when sign-in asks for it; colleagues see whether.
alter table account_user add column second_factor_at timestamptz;
grant select (second_factor_at) on account_user to masteria_app;

alter table company add column second_factor_required boolean not null default false;
grant update (second_factor_required) on company to masteria_app;

-- A browser in which a code need not be given again for a while.
alter table known_device add column trusted_until timestamptz;
