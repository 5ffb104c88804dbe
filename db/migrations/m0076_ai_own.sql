-- What a persona's own document allows it in a day, as its newest call said: beside the budgets that people set.
alter table ai_spending add column own bigint;
-- What a conversation has cost.
create index ai_usage_conversation on ai_usage(company_id, conversation_id) where conversation_id is not null;
