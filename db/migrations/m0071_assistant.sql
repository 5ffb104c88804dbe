-- Who answers a conversation, and the turns of its assistant (db/assistant). Whoever changes either of the first two holds the row of the
-- conversation, so that a person who takes over and an answer that is about to leave come one after the other.
create table ai_conversation (
    company_id uuid not null,
    conversation_id uuid not null,
    mode text,  -- an AssistantMode; null: as its persona has it
    serving text not null default 'off',  -- the mode of its last turn
    owner text not null default 'assistant',  -- an Owner
    owner_reason text,  -- a TurnReason
    owner_by uuid,
    owner_since timestamptz not null default now(),
    human_at timestamptz,  -- somebody of the team last wrote, was given it, or took it over
    episode int not null default 1,
    episode_at timestamptz not null,  -- from here on the assistant reads; before it is another talk
    persona_id uuid,
    persona_version_id uuid,  -- of this episode
    persona_name text not null default '',
    turn_seq bigint not null default 0,  -- of its newest turn
    unanswered int not null default 0,  -- questions in a row that no passage answered
    fast int not null default 0,  -- answers of the other side in a row that came quicker than a person writes
    spoke_at timestamptz,
    told_at timestamptz,  -- they were told of trouble, and nothing was answered since
    noticed_at timestamptz,  -- they were told that the persona's hours are over
    alarm text,  -- why a person is needed, until one comes
    alarm_at timestamptz,
    typing_since timestamptz,
    typing_until timestamptz,
    primary key (company_id, conversation_id),
    foreign key (company_id, conversation_id) references conversation(company_id, id)
) with (fillfactor = 80);
create index ai_conversation_alarm on ai_conversation(company_id, alarm_at) where alarm is not null;
select protect_table('ai_conversation', 'select, insert, update, delete');

create table ai_turn (
    company_id uuid not null,
    id uuid not null default uuidv7(),
    conversation_id uuid not null,
    seq bigint not null,
    episode int not null,
    mode text not null,
    state text not null default 'collecting',  -- a TurnState
    reason text,  -- a TurnReason
    persona_id uuid not null,
    persona_version_id uuid not null,
    persona_name text not null,
    opened_at timestamptz not null default now(),
    since timestamptz not null,  -- when the first message of the burst came, in whatever turn
    due_at timestamptz not null,
    hard_at timestamptz not null,
    first_inbound_id uuid not null,
    last_inbound_id uuid not null,
    bubbles int not null default 1,  -- messages of the burst
    epoch int not null default 0,  -- + 1 with every run
    lease_until timestamptz,
    answer jsonb,  -- what was composed
    done_at timestamptz,
    primary key (company_id, id),
    unique (company_id, conversation_id, seq),
    foreign key (company_id, conversation_id) references ai_conversation(company_id, conversation_id) on delete cascade
) with (fillfactor = 70);
create unique index ai_turn_open on ai_turn(company_id, conversation_id) where state in ('collecting', 'generating', 'ready');
create index ai_turn_due on ai_turn((coalesce(lease_until, due_at))) where state in ('collecting', 'generating') or state = 'ready' and mode = 'auto';
create index ai_turn_hour on ai_turn(company_id, conversation_id, opened_at);
select protect_table('ai_turn', 'select, insert, update', 'select');

-- What a run did, whole: prompt, passages, tools, answers, times. Kept for as long as the installation is set to.
create table ai_trace (
    company_id uuid not null,
    turn_id uuid not null,
    epoch int not null,
    at timestamptz not null default now(),
    steps jsonb not null,
    primary key (company_id, turn_id, epoch),
    foreign key (company_id, turn_id) references ai_turn(company_id, id) on delete cascade
);
create index ai_trace_old on ai_trace(at);
select protect_table('ai_trace', 'select, insert', 'select, delete');

create index message_assistant on message(company_id, contact_id, channel_id) where queued and dedupe_key like 'ai:%';
