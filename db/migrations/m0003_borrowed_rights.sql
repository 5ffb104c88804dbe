-- A key borrows the rights of the person who made it, also when a key of theirs made it.
alter table api_key add column ended_because text;  -- a KeyEnd; null: lives, or somebody revoked it
alter table api_key add column created_by_name text;  -- kept when its maker leaves and can no longer be seen

-- The owner of the tables need not be a superuser: unforced, row-level security does not bind it for the next lines.
alter table api_key no force row level security;
alter table audit_log no force row level security;
alter table membership no force row level security;
alter table invitation no force row level security;

with recursive maker(company_id, key_id, actor_kind, actor_id) as (
    select k.company_id, k.id, a.actor_kind, a.actor_id from api_key k
    join audit_log a on a.company_id = k.company_id and a.subject_id = k.id and a.action = 'api_key.created'
    where k.created_by is null
    union
    select m.company_id, m.key_id, a.actor_kind, a.actor_id from maker m
    join audit_log a on a.company_id = m.company_id and a.subject_id = m.actor_id and a.action = 'api_key.created'
    where m.actor_kind = 'api_key'
)
update api_key k set created_by = m.actor_id from maker m
where m.company_id = k.company_id and m.key_id = k.id and m.actor_kind = 'user';

update api_key k set revoked_at = now(),
    ended_because = case when created_by is null then 'maker_unknown' else 'maker_removed' end
where revoked_at is null
and not exists (select from membership m where m.company_id = k.company_id and m.user_id = k.created_by);

update invitation i set revoked_at = now()
where accepted_at is null and revoked_at is null and not exists (
    select from membership m where m.company_id = i.company_id and m.user_id = i.invited_by
    and m.role in ('owner', 'admin') and (i.role <> 'owner' or m.role = 'owner'));

alter table api_key force row level security;
alter table audit_log force row level security;
alter table membership force row level security;
alter table invitation force row level security;
