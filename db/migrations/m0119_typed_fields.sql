-- What a field of contacts offers whose values are chosen; of other kinds nothing. A contact keeps a value that is no longer offered.
alter table custom_field add column choices text[] not null default '{}';

-- Addresses that a contact had and has no longer: who took one away, and when. Those that it has stand in contact_identity, since created_at.
create table identity_past (
    company_id uuid not null,
    id uuid not null default uuidv7(),
    contact_id uuid not null,
    kind text not null,
    value text not null,
    since timestamptz not null,
    until timestamptz not null default now(),
    by_kind text not null,  -- user, api_key, worker
    by_id uuid,
    primary key (company_id, id),
    foreign key (company_id, contact_id) references contact(company_id, id) on delete cascade
);
create index identity_past_contact on identity_past(company_id, contact_id, id);
select protect_table('identity_past', 'select, insert, update, delete');
