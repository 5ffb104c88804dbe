-- A webhook's row is deleted in the transaction that has its effect. Nothing read one that was done, and writing it anew cost as much
-- as what it told. Both indexes go with the column that their conditions name.
alter table webhook_inbox no force row level security;
delete from webhook_inbox where processed_at is not null;
alter table webhook_inbox force row level security;
alter table webhook_inbox drop column processed_at;
create index webhook_inbox_waiting on webhook_inbox(company_id, next_at) where tries < 5;
create index webhook_inbox_dead on webhook_inbox(company_id, channel_id, id) where tries >= 5;
