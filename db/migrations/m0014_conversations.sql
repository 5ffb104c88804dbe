-- What was said with one person, newest first, read from an index; it takes the place of the one by contact alone.
create index message_thread on message(company_id, contact_id, (coalesce(sent_at, done_at, next_at)), id);
drop index message_contact;
-- Those who answered, in the order of their campaign's list.
create index message_replied on message(company_id, dedupe_key) where replied_at is not null;
-- Who wrote a message of no campaign; null: an API key, or a campaign's.
alter table message add column author_id uuid;
