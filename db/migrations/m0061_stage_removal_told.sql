-- How far a stage that is leaving is, and whether its job was given up (db/boards/stage_removal.py).
alter table stage
    add column moving_of int,  -- leads that it had when it began to leave
    add column moving_failed boolean not null default false;
