-- A run of test cases may ask another model in place of the one that serves: what would change when that one ends.
alter table persona_run add column model text not null default '';
