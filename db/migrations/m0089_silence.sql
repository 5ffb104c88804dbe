-- Silence after what the assistant said: when it asks again, and when a colleague looks at the conversation or it is closed
-- (db/assistant/quiet.py). A persona asks again twice at most.
alter table ai_conversation
    add column quiet_since timestamptz,
    add column asked int not null default 0,  -- so often since the customer wrote
    add column ask_at timestamptz,
    add column idle_at timestamptz;
create index ai_conversation_silent on ai_conversation((least(ask_at, idle_at))) where ask_at is not null or idle_at is not null;
create policy system on ai_conversation to masteria_system using (true);
grant select on ai_conversation to masteria_system;
alter table ai_turn add column asks int;  -- which time it asks again after a silence; null: it answers

alter table persona no force row level security;
alter table persona_version no force row level security;
update persona set draft = draft #- '{followup,steps,2}' where jsonb_array_length(draft->'followup'->'steps') > 2;
update persona_version set config = config #- '{followup,steps,2}' where jsonb_array_length(config->'followup'->'steps') > 2;
alter table persona force row level security;
alter table persona_version force row level security;
