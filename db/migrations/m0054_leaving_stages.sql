-- A stage with more leads than one statement moves is deleted by a job (db/boards/stage_removal.py): where they go, and the rank there
-- in front of their own, so that they keep their order however often it starts anew.
alter table stage
    add column moving_to uuid,
    add column moving_rank text collate "C",
    add column moving_by uuid;
