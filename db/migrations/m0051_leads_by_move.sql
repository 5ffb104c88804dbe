-- The list of a board by when its leads were moved last.
create index lead_moved on lead(company_id, board_id, stage_since, id);
