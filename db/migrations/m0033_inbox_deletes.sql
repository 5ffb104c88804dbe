-- A webhook's row is deleted in the transaction that has its effect. Nothing read one that was done, and writing it anew cost as much
-- as what it told. `processed_at` is written only by a version that still runs meanwhile: what it marks is applied once more, which
-- changes nothing, and goes.
alter table webhook_inbox no force row level security;
delete from webhook_inbox where processed_at is not null;
alter table webhook_inbox force row level security;
drop index webhook_inbox_waiting, webhook_inbox_dead;
create index webhook_inbox_waiting on webhook_inbox(company_id, next_at) where tries < 5;
create index webhook_inbox_dead on webhook_inbox(company_id, channel_id, id) where tries >= 5;
