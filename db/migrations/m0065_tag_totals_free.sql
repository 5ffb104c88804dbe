-- A first lead with a tag in a stage would lock the stage behind the lead, against the order of everybody who moves or deletes. Nothing is
-- left behind without it: leads keep their stage, and the row of a tag that no lead has is deleted.
alter table stage_tag_total drop constraint stage_tag_total_company_id_stage_id_fkey;
