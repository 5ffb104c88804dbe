-- Who was reached lately, or ever, without the messages themselves: what failed after all, or waits to go again, is not among them. As many indexes as
-- before; their conditions stand in other indexes already, so that a status still touches none (db/messages/contacted.py).
create index message_reached on message(company_id, sent_at, contact_id) include (channel_id)
    where sent_at is not null and contact_id is not null and done_at is null and not queued;
create index message_sent_otherwise on message(company_id, sent_at, id)
    where sent_at is not null and (contact_id is null or done_at is not null or queued);
drop index message_sent;
drop index message_sent_nobody;
