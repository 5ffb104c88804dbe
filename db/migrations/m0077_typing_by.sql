-- Who of the team types: one who stops, or only looks, does not speak for the others.
alter table ai_conversation add column typing_by uuid[] not null default '{}';
