-- How many new people a young number writes to on each day (db/campaigns/warm_up.py). No row: as many as it can.
create table warm_up (
    company_id uuid not null references company(id),
    channel_id uuid not null,
    starts date not null,
    steps int[] not null check (cardinality(steps) between 1 and 90),  -- people of each day from the first one on; afterwards no rule
    source text not null default '',
    version int not null default 1,
    primary key (company_id, channel_id)
);
select protect_table('warm_up', 'select, insert, update, delete');
create table warm_up_used (  -- first messages to people that had a place on a day
    company_id uuid not null references company(id),
    channel_id uuid not null,
    day date not null,
    message_id uuid not null,
    primary key (company_id, channel_id, day, message_id)
);
select protect_table('warm_up_used', 'select, insert, delete');
