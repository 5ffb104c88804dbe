-- Leads by words only by an index, as contacts are: the planner takes what many have for rare, and would read those of all companies.
alter function lead_search(uuid, text[], int) set enable_seqscan = off;
alter function lead_search(uuid, text[], int) set enable_indexscan = off;
alter function lead_search(uuid, text[], int) set enable_indexonlyscan = off;
