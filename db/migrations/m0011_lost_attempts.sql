-- What was lost and found is forgotten after a while; a round of housekeeping does it across companies.
create policy system on lost_attempt to masteria_system using (true);
grant select, delete on lost_attempt to masteria_system;
create index lost_attempt_age on lost_attempt(created_at);
