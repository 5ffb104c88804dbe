-- Who asked for what, when and by what it is shown: written once, never changed. It outlives the contact, which it names by its id alone.
create table consent_entry (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    contact_id uuid,  -- null: of an address that no contact had
    address text,  -- only where there was no contact
    category text,  -- marketing, utility; null: everything
    allowed boolean not null,
    source text not null,  -- keyword, provider, person, import, api, list
    by_kind text not null,  -- user, api_key, worker
    by_id uuid,
    message_id uuid,  -- the person's own words
    import_id uuid,  -- the list that said it
    note text not null default '',  -- what somebody wrote down about it
    at timestamptz not null default now(),
    primary key (company_id, id),
    check (contact_id is not null or address is not null)
);
create index consent_entry_contact on consent_entry(company_id, contact_id, id);
create index consent_entry_address on consent_entry(company_id, address) where contact_id is null;
select protect_table('consent_entry', 'select, insert, delete');  -- deleted are addresses of who is erased

-- What somebody does not want of campaigns who may be written to otherwise.
alter table contact add column refuses text[] not null default '{}';

alter table contact no force row level security;
alter table consent_entry no force row level security;
insert into consent_entry(company_id, contact_id, allowed, source, by_kind, at)
select company_id, id, false, coalesce(opt_out_source, 'person'), 'worker', opted_out_at from contact where opted_out_at is not null order by opted_out_at;
alter table contact force row level security;
alter table consent_entry force row level security;
