-- Files that our people send: uploaded first, then taken by one message.
alter table message_file
    alter column message_id drop not null,  -- null: no message took it yet
    alter column channel_id drop not null,
    add column uploaded_by uuid;  -- the person or key whose it is until a message takes it
create index message_file_untaken on message_file(created_at) where message_id is null;
create index message_file_stored on message_file(company_id) include (size) where state = 'stored';
