-- Why a person refused what the AI proposed, of a fixed list (a RefusalReason): one key, and what later looks of the board have as an example.
alter table lead_proposal add column refusal text;
