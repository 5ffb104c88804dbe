-- What agents ask the AI service for while they work (db/assistant/assists.py): drafts, other words, summaries. Kept for a day; what is
-- known of a customer for longer, because it is shown to whoever opens the conversation.
create table ai_assist (
    company_id uuid not null,
    id uuid not null default uuidv7(),
    conversation_id uuid not null,
    what text not null,  -- an AssistKind
    language text not null,  -- an AssistLanguage
    asked_by uuid not null,  -- a user or an API key: who hears of it while it is written
    given text not null default '',  -- the text that is put into other words
    seen_id uuid,  -- the newest message when it was asked for
    state text not null default 'waiting',  -- an AssistState
    failure text,  -- a CallFailure
    note text,  -- an AssistNote
    text text not null default '',
    citations jsonb not null default '[]',
    labels uuid[] not null default '{}',
    epoch int not null default 0,  -- + 1 with every run
    lease_until timestamptz,
    created_at timestamptz not null default now(),
    done_at timestamptz,
    primary key (company_id, id),
    foreign key (company_id, conversation_id) references conversation(company_id, id)
) with (fillfactor = 60);
create index ai_assist_conversation on ai_assist(company_id, conversation_id, what, id);
create index ai_assist_old on ai_assist(created_at);
select protect_table('ai_assist', 'select, insert, update, delete', 'select, delete');
