-- Whether who has a draft written may read the bases of knowledge: without that it is composed of what the persona knows that serves there, and nothing else.
alter table ai_assist add column knows boolean not null default true;
