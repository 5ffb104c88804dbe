-- An answer is stored in the transaction of its effect: there are no running requests in this table any more.
delete from idempotency where status is null;
alter table idempotency alter column status set not null, alter column body set not null, alter column headers set not null;
