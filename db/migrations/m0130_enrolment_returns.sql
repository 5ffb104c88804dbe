-- As whom somebody came into a sequence, where that contact became part of another one: they stand in it as that one until the two are parted.
alter table enrolment
    add column came_as uuid,
    add column left_rule boolean not null default false;  -- they came to the end, and have not matched the entry since: matching it anew is a new beginning
create index enrolment_came_as on enrolment(company_id, cadence_id, came_as) where came_as is not null;
