-- What a poll brought goes with the words of messages (db/qr/erasing.py).
alter table qr_key add column kept_at timestamptz not null default now();
create index qr_key_brought on qr_key(company_id, kept_at) where kind = 'message';
