-- Who tries a persona sees the answer while it is written.
alter table persona_trial add column asked_by uuid;
