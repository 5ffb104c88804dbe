-- The words of voice notes and pictures of its burst, by message: each is listened to once.
alter table ai_turn add column heard jsonb not null default '{}';
