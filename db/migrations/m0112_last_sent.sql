-- Who was sent to lately, or ever, without the messages themselves: the index alone answers. A message gets into it once, when it is sent, with
-- the other indexes that change then (decision 33).
create index message_sent on message(company_id, sent_at, contact_id) where sent_at is not null and contact_id is not null;
-- Likewise who has an e-mail, a mobile or a landline.
drop index contact_identity_contact;
create index contact_identity_contact on contact_identity(company_id, contact_id) include (kind, line);
