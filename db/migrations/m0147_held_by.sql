-- A try that a rule of ours held back never reached the provider: by which rule (a WaitRule), and its name.
alter table attempt add column held_by text, add column held_name text;
