-- What is said in a voice note or seen in a picture stands with its file: whoever needs it, a turn, a look, what a colleague asks for, finds it made.
alter table message_file
    add column words text,  -- '': there is nothing to be said of it
    add column words_until timestamptz;  -- so long somebody makes them
alter table message_file no force row level security;
alter table ai_turn no force row level security;
update message_file f set words = h.value from ai_turn t cross join lateral jsonb_each_text(t.heard) h
where f.company_id = t.company_id and f.message_id = h.key::uuid and f.number = 0;
alter table ai_turn force row level security;
alter table message_file force row level security;
alter table ai_turn drop column heard;
