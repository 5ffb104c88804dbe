-- Browsers from which an account was opened before; of the system role, like password_reset.
create table known_device (
    user_id uuid not null references account_user(id) on delete cascade,
    token_hash bytea not null,
    created_at timestamptz not null default now(),
    last_used_at timestamptz not null default now(),
    primary key (user_id, token_hash)
);
alter table known_device enable row level security;
alter table known_device force row level security;
create policy system on known_device to masteria_system using (true);
grant select, insert, update, delete on known_device to masteria_system;
