-- What sending costs (db/costs). Prices and amounts are millionths of a currency.
create table send_rate (  -- a company's own prices; ours stand in db/costs/catalogue.py
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    kind text not null,  -- of channel
    country text not null,  -- ISO 3166; '' wherever no other price is known
    category text not null,  -- marketing, utility, authentication, service; sms for a segment of text
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    price bigint not null check (price >= 0),
    valid_from date not null,
    source text not null default '',
    created_by uuid,
    created_at timestamptz not null default now(),
    primary key (company_id, id),
    unique (company_id, kind, country, category, valid_from)
);
select protect_table('send_rate', 'select, insert, update, delete');

create table message_cost (  -- one row for each attempt that was billed, written once
    company_id uuid not null references company(id),
    attempt_id uuid not null,
    message_id uuid not null,
    campaign_id uuid,
    channel_id uuid not null,
    at timestamptz not null,
    kind text not null,
    country text not null,
    category text not null,
    model text not null default '',  -- regular, free_customer_service, free_entry_point as Meta has it; segments
    billable boolean not null,
    units smallint not null,
    price bigint,  -- of one unit on that day; null: nobody knew it
    currency text,
    amount bigint not null,  -- 0 where it was free, or where nobody knew the price
    simulated boolean not null,  -- by the simulator: nobody pays it
    primary key (company_id, attempt_id)
);
create index message_cost_campaign on message_cost(company_id, campaign_id) where campaign_id is not null;
create index message_cost_at on message_cost(company_id, at);
select protect_table('message_cost', 'select, insert, delete');

create table spend_cap (  -- subject: a campaign, or the zero id for the company's month
    company_id uuid not null references company(id),
    subject_id uuid not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    most bigint not null check (most >= 0),
    primary key (company_id, subject_id)
);
select protect_table('spend_cap', 'select, insert, update, delete');

create table spend_reserved (  -- at least what was sent costs: claimed, and not known to be unsent
    company_id uuid not null references company(id),
    subject_id uuid not null,
    starts timestamptz not null,  -- of the month; of a campaign the epoch
    amount bigint not null default 0,
    primary key (company_id, subject_id, starts)
);
select protect_table('spend_reserved', 'select, insert, update, delete');
