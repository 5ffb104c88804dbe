-- What each look at a talk asks of its board: how much of what was done by itself stayed, and what people refused last.
create index lead_proposal_automatic on lead_proposal(company_id, board_id, id) where automatic;
create index lead_proposal_refused on lead_proposal(company_id, board_id, decided_at) where state in ('refused', 'undone');
