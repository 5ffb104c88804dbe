-- Of a site that was read again: pages that did not answer this time, of which what was read before stays.
alter table knowledge_source add column kept_pages int not null default 0;
