-- As with messages and attempts: a look at the company for each of thousands of rows cost more than the row.
alter table message_cost drop constraint message_cost_company_id_fkey;
