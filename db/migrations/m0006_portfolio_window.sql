-- The people of a portfolio's moving day are kept in Valkey. The token says whether Valkey still has all of them: each claim
-- leaves a new one, here and there (db/limits.py).
create table portfolio_window (
    company_id uuid not null references company(id),
    portfolio_id text not null,
    token uuid,
    primary key (company_id, portfolio_id)
) with (fillfactor = 20);
grant select, insert, update, delete on portfolio_window to masteria_app;
alter table portfolio_window enable row level security;
alter table portfolio_window force row level security;
create policy company on portfolio_window to masteria_app using (company_id = nullif(current_setting('app.company', true), '')::uuid);
