-- The limit of the company's month counts all that is billed, and its owners are told when it is nearly spent (db/costs/caps.py).
alter table spend_cap add column stops_people boolean not null default false;  -- answers by hand wait too, once the month's limit is reached
alter table spend_reserved add column told smallint not null default 0;  -- the share of which the owners were told: 80, 100
alter table spend_reserved add column reached boolean not null default false;  -- something did not fit when it was counted, or nothing is left
alter table spend_reserved add column counted_at timestamptz;  -- when it was made from the ledger; null: before it counted all
