-- Row-level security lets no comparison of a coalesce() into an index: it does not count as leakproof, a case does.
drop index message_thread;
create index message_thread on message(company_id, contact_id,
    (case when sent_at is not null then sent_at when done_at is not null then done_at else next_at end), id);
