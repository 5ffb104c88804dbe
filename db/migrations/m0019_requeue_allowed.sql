-- False: this message must not go (back) into a queue, because its person said stop or was deleted. Until now the reason said so.
alter table message add column requeue_allowed boolean not null default true;

-- The owner of the tables need not be a superuser: unforced, row-level security does not bind it for the next line.
alter table message no force row level security;
update message set requeue_allowed = false,
    reason = case when state = 1 then null when state = 2 then 'unknown_outcome' else reason end
where reason = 'opted_out' and state in (1, 2, 6, 7);
alter table message force row level security;
