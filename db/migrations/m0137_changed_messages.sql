-- What people changed or deleted of what they had said is found by the message that it changes (db/messages/changed.py).
create index inbound_message_changed on inbound_message(company_id, context_provider_id) where kind in ('edit', 'revoke');
