-- Calls in which our persona speaks itself: the secret in the address of their socket, sealed.
alter table channel add column talk_secret bytea;
