-- Numbers that people connect in a provider's own window (Meta: Embedded Signup). The row is what the window's answer is bound to.
create table channel_signup (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    started_by uuid,  -- the person, or the key, that alone may finish it
    kind text not null,
    sandbox boolean not null,  -- the sandbox played the window
    channel_id uuid not null default uuidv7(),  -- the channel's, once it is connected
    state text not null default 'open',  -- a SignupState
    failure text,  -- a SignupFailure
    detail text,  -- the provider's words
    account_id text,
    external_id text,
    portfolio_id text,
    code bytea,  -- sealed: what the window gave; gone once the token is there
    token bytea,  -- sealed; gone once it is the channel's
    pin bytea,  -- sealed: the number's PIN for two-step verification; kept, because another one would be refused
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    primary key (company_id, id)
);
create index channel_signup_number on channel_signup(company_id, external_id) where pin is not null;
select protect_table('channel_signup', app => 'select, insert, update');

alter table channel add column heard_at timestamptz;  -- when its first webhook was read; null: none yet, or before this column
