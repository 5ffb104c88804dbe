-- Sequences into which a board's AI may put people, and files that it may send: each {"file_id", "name", "caption"}.
alter table board_ai add column cadence_ids uuid[] not null default '{}';
alter table board_ai add column files jsonb not null default '[]';

-- A file that goes to many people is one in the store: each message has a row of its own that names the same bytes (db/messages/shelf.py).
alter table message_file drop constraint message_file_key_key;
create index message_file_key on message_file(key);
alter table message_file add column shelf_id uuid;  -- the file of ours whose bytes it names; null: its own
drop index message_file_uploaded;
create index message_file_uploaded on message_file(company_id) include (size)
    where state = 'stored' and uploaded_by is not null and shelf_id is null;
