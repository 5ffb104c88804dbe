alter table contact_import
    add column dry_run jsonb;  -- what the import would do, while it waits to be started: import_dry_run.DryRun
