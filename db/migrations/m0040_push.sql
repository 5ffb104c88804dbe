-- Browsers that show notifications to people who are not looking (Web Push). What a push service needs to reach one is sealed: who has
-- it can write to that browser.
create table push_subscription (
    company_id uuid not null references company(id),
    id uuid not null,  -- UUID 5 of company and address: a browser has one subscription in a company
    user_id uuid not null references account_user(id),
    target bytea not null,  -- sealed: address, public key and secret of the browser, as JSON
    server_key text not null,  -- which of SECRET_KEYS our signing key was derived from
    user_agent text,
    created_at timestamptz not null default now(),
    primary key (company_id, id)
);
create index push_subscription_user on push_subscription(company_id, user_id);
select protect_table('push_subscription', app => 'select, insert, update, delete');
