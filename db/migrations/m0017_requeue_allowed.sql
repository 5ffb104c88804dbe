-- False: this message must not go (back) into a queue, because its person said stop or was deleted. Until now the reason said so.
alter table message add column requeue_allowed boolean not null default true;

-- The owner of the tables need not be a superuser: unforced, row-level security does not bind it for the next line.
alter table message no force row level security;
update message set requeue_allowed = false,
    reason = case when state = 1 then null when state = 2 then 'unknown_outcome' else reason end
where reason = 'opted_out' and state in (1, 2, 6, 7);
alter table message force row level security;

-- Those who replied are counted under a state of their own (TALLY_REPLIED in db/messages/enums.py).
create or replace function message_tally_update() returns trigger language plpgsql as $$
declare
    replied constant smallint := 100;
begin
    insert into message_tally(company_id, campaign_id, at, state, delta)
    select company_id, campaign_id, clock_timestamp(), state, sum(d) from (
        select company_id, campaign_id, state, -1 as d from stale where campaign_id is not null
        union all
        select company_id, campaign_id, state, 1 from fresh where campaign_id is not null
        union all
        select company_id, campaign_id, replied, -1 from stale where campaign_id is not null and replied_at is not null
        union all
        select company_id, campaign_id, replied, 1 from fresh where campaign_id is not null and replied_at is not null
    ) moves group by 1, 2, 4 having sum(d) <> 0;
    return null;
end $$;
