-- A status that says of an attempt's price what an earlier one said moves only when it was told: in place, where the page has room.
grant update (told_at) on message_cost to masteria_app;
alter table message_cost set (fillfactor = 70);
