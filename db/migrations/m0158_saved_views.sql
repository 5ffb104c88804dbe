-- What somebody chose to look at on a page of figures, under a name, and the tiles of the company's dashboard.
create table saved_view (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    user_id uuid,  -- whose; null: everybody's
    page text not null,
    name text not null,
    query jsonb not null,
    opens boolean not null default false,  -- its page opens with it
    version integer not null default 1,
    created_at timestamptz not null default now(),
    primary key (company_id, id)
);
create unique index saved_view_name on saved_view(company_id, user_id, page, fold(name)) nulls not distinct;
create unique index saved_view_opens on saved_view(company_id, user_id, page) nulls not distinct where opens;
select protect_table('saved_view', 'select, insert, update, delete', 'select, delete');

create table dashboard (
    company_id uuid primary key references company(id),
    tiles jsonb not null,
    version integer not null default 1,
    changed_by uuid,  -- null: a key
    changed_at timestamptz not null default now()
);
select protect_table('dashboard', 'select, insert, update');
