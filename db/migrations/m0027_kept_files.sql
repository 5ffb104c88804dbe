alter table contact_import add column file_until timestamptz;  -- of one that is over: until when its file is kept, to be imported again
