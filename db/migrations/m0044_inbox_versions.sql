-- Two people may edit a label, a team, a quick reply at the same time.
alter table label add column version int not null default 1;
alter table team add column version int not null default 1;
alter table quick_reply add column version int not null default 1;
