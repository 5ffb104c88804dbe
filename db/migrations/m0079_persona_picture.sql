-- A persona's picture: `picture_id` names the one that is shown (`picture` is its key in the store), `picture_upload_id` and
-- `picture_upload` what was uploaded and nobody opened yet. What could not be opened is gone, and said.
alter table persona
    add column picture_id uuid,
    add column picture_upload_id uuid,
    add column picture_upload text,
    add column picture_failed boolean not null default false;
select protect_table('persona', null, 'select');  -- the round that deletes files which no row names
