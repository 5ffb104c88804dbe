-- Messages with a file among those that wait: a lane looks whether the provider still knows it. Only what people upload counts as used room.
create index message_file_queue on message(queue_id) where queued and content->>'kind' = 'file';
drop index message_file_stored;
create index message_file_uploaded on message_file(company_id) include (size) where state = 'stored' and uploaded_by is not null;
