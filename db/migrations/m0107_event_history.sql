-- Nobody reads for a silent consumer: what it asks for only waits, so that it can be looked up.
alter table event_consumer add column silent boolean not null default false;
