-- For so many seconds WhatsApp tries to deliver a message of this template; null: for as long as it does by itself.
alter table template add column lifetime int;
alter table template_version add column lifetime int;
