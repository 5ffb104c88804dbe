-- What answers and proposals quote is found when it is older than the company keeps what was said (db/privacy/retention.py).
create index ai_turn_words on ai_turn(company_id, id) where answer is not null;
create index lead_proposal_words on lead_proposal(company_id, id) where evidence <> '[]';
