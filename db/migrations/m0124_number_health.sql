-- A number that people block, or that fails often, sends more slowly until that is over (db/channels/health.py).
alter table channel add column pace real not null default 1 check (pace > 0 and pace <= 1), add column slow_reason text,
    add column slowed_at timestamptz, add column full_speed_until timestamptz;
-- Who asked for no more by words of their own, lately.
create index consent_entry_said on consent_entry(company_id, id) where not allowed and source in ('keyword', 'provider');
