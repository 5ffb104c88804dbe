-- Groups of numbers by QR code, where the company wants to see them. A group is no contact: its id stands in conversations and messages where a
-- contact's does, and leads to no row of `contact`, so that no list, campaign, sequence or assistant ever takes it for a person.
create table chat_group (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    channel_id uuid not null,
    address text not null,  -- as the platform names it
    subject text not null default '',
    asked_at timestamptz,  -- when the platform was last asked for the subject
    created_at timestamptz not null default now(),
    primary key (company_id, id),
    unique (company_id, channel_id, address),
    foreign key (company_id, channel_id) references channel(company_id, id)
);
create index chat_group_unnamed on chat_group(channel_id) where subject = '';
select protect_table('chat_group', 'select, insert, update, delete', 'select, update');

-- What is chosen for a number.
alter table qr_session
    add column groups text not null default 'ignore' check (groups in ('ignore', 'show')),
    add column presence text not null default 'offline' check (presence in ('offline', 'team')),
    add column opens smallint check (opens between 0 and 1439),  -- minutes; campaigns write within these alone; null: as the kind does
    add column closes smallint check (closes between 1 and 1440),
    add column weekdays smallint[];  -- 0: Monday; null: all
