-- Roles that a company makes itself. A membership and an invitation name a built-in role, or `custom` and which.

create table custom_role (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    name text not null,
    permissions text[] not null,  -- Permissions; none: nothing
    version int not null default 1,
    created_at timestamptz not null default now(),
    primary key (company_id, id)
);
create unique index custom_role_name on custom_role(company_id, fold(name));
select protect_table('custom_role', 'select, insert, update (name, permissions, version), delete', 'select');

-- Who has a role keeps it from being deleted. An invitation that nobody can accept any more keeps nothing.
alter table membership add column role_id uuid,
    add constraint membership_role check ((role = 'custom') = (role_id is not null)),
    add constraint membership_custom_role foreign key (company_id, role_id) references custom_role(company_id, id);
create index membership_custom_role on membership(company_id, role_id) where role_id is not null;
alter table invitation add column role_id uuid,
    add constraint invitation_role check (role = 'custom' or role_id is null),
    add constraint invitation_custom_role foreign key (company_id, role_id) references custom_role(company_id, id)
        on delete set null (role_id);
create index invitation_custom_role on invitation(company_id, role_id) where role_id is not null;
grant update (role_id) on membership to masteria_app;
grant select (role_id), update (role, role_id) on invitation to masteria_app;
