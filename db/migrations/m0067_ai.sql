-- The AI service of a company: where its models are, what they cost, what was spent. Amounts are micro-units of US dollars
-- (1,000,000 = 1 dollar), whole numbers.
create table ai_connection (
    company_id uuid primary key references company(id),
    id uuid not null,  -- the key is sealed for it
    provider text not null check (provider in ('openai', 'azure', 'compatible', 'sandbox')),
    base_url text not null default '',  -- of azure and compatible
    api_version text not null default '',  -- of azure
    organization text not null default '',
    key bytea,  -- sealed; null: the server asks for none
    chat_model text not null,
    embedder text not null check (embedder in ('service', 'local', 'none')),
    embedding_model text not null default '',
    embedding_dims int not null default 0,
    state text not null check (state in ('checking', 'ready', 'key_refused', 'no_credit', 'failed')),
    state_at timestamptz not null default now(),
    checked_at timestamptz,
    findings jsonb not null default '[]',  -- of the last check: [{step, failure, detail}]
    models text[],  -- what the key can use, as the server lists it; null: it does not say
    told_endings text[] not null default '{}',  -- models of whose end the owners were told
    version int not null default 1
);
select protect_table('ai_connection', app => 'select, insert, update, delete', system => 'select');

-- What a company says that a model costs, for a million tokens, from a moment on. Our own list is in db/ai/catalogue.py.
create table ai_price (
    company_id uuid not null references company(id),
    model text not null,
    valid_from timestamptz not null default now(),
    input bigint not null check (input >= 0),
    cached bigint not null check (cached >= 0),
    cache_write bigint not null check (cache_write >= 0),
    output bigint not null check (output >= 0),
    primary key (company_id, model, valid_from)
);
select protect_table('ai_price', app => 'select, insert');

-- `subject_id`: one persona or one conversation; all zeros: the company, or each one that has none of its own.
create table ai_budget (
    company_id uuid not null references company(id),
    scope text not null check (scope in ('company', 'persona', 'conversation')),
    subject_id uuid not null,
    period text not null check (period in ('day', 'month')),
    most bigint not null check (most > 0),
    primary key (company_id, scope, subject_id, period)
);
select protect_table('ai_budget', app => 'select, insert, update, delete');

-- What counts against one budget in one period: settled, and reserved by calls under way.
create table ai_spending (
    company_id uuid not null references company(id),
    id uuid not null,
    scope text not null,
    subject_id uuid not null,
    period text not null,
    starts timestamptz not null,
    spent bigint not null default 0,
    reserved bigint not null default 0,
    warned smallint not null default 0,  -- 0, 80 or 100: the percentage of which somebody was told
    primary key (company_id, id),
    unique (company_id, scope, subject_id, period, starts)
);
select protect_table('ai_spending', app => 'select, insert, update', system => 'select, delete');

-- Every attempt to call a model: written before it, finished after it.
create table ai_usage (
    company_id uuid not null references company(id),
    id uuid not null,
    at timestamptz not null default now(),
    purpose text not null,
    persona_id uuid,
    conversation_id uuid,
    turn_id uuid,
    provider text not null,
    model text not null,
    result text,  -- null: under way
    lease_until timestamptz not null,
    reserved bigint not null,
    counters uuid[] not null default '{}',  -- the rows of ai_spending that hold the reservation
    input int not null default 0,  -- tokens, cached and cache_write among them
    cached int not null default 0,
    cache_write int not null default 0,
    output int not null default 0,  -- reasoning among them
    reasoning int not null default 0,
    estimated boolean not null default false,  -- the server did not say how many
    cost bigint,  -- null: nobody knows the model's price
    counted bigint not null default 0,  -- what budgets count: the cost, or by an assumed price
    request_id text,
    milliseconds int,
    primary key (company_id, id)
);
create index ai_usage_at on ai_usage(company_id, at);
create index ai_usage_under_way on ai_usage(lease_until) where result is null;
select protect_table('ai_usage', app => 'select, insert, update', system => 'select, delete');
