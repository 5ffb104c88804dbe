-- Accounts elsewhere (Google, Facebook, an OpenID provider) by which a person signs in. Known by issuer and subject, never by the address.
create table identity (
    id uuid primary key default uuidv7(),
    user_id uuid not null references account_user(id) on delete cascade,
    provider text not null,
    issuer text not null,
    subject text not null,
    email text,
    created_at timestamptz not null default now(),
    last_used_at timestamptz not null default now(),
    unique (issuer, subject)
);
create index identity_user on identity(user_id);
select protect_table('identity', system => 'select, insert, update, delete');

-- A sign-in on its way to a provider and back, for ten minutes. State, nonce and verifier come of the browser's token, of which only the hash is here.
create table sign_in_flow (
    id uuid primary key default uuidv7(),
    token_hash bytea not null unique,
    provider text not null,
    user_id uuid references account_user(id) on delete cascade,  -- who links it to their account
    invitation_hash bytea,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    returned_at timestamptz,  -- its code was given to the provider: never again
    issuer text,
    subject text,
    email text,
    email_verified boolean not null default false,
    name text
);
create index sign_in_flow_expires on sign_in_flow(expires_at);
select protect_table('sign_in_flow', system => 'select, insert, update, delete');
